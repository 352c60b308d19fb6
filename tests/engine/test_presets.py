"""Every preset goes the whole way: fit, score, save, load, and the same scores again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from oddframe import catalog
from oddframe.engine import Detector, ObservationCache
from oddframe.errors import SettingsError
from oddframe.testing.scenes import moving_square
from oddframe.types import VideoInfo
from oddframe.video import ArrayVideo, TrackVideo, Video


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservationCache]:
    with ObservationCache(tmp_path_factory.mktemp("cache")) as made:
        yield made


def clip(speed: float, preset: str = "default") -> Video:
    """Something crosses the scene; as pictures, or as the boxes of a tracker."""
    name = f"at {speed}"
    if catalog.preset(preset).observer == "tracks":
        frame = np.arange(60)
        box = np.array([10, 40, 25, 80]) + np.outer(frame * speed / 10, [1, 0, 1, 0])
        return TrackVideo(frame, 0 * frame, box, width=400, height=120, fps=10, frames=60, name=name)
    frames = moving_square(seconds=6, speed=speed).frames
    return ArrayVideo(np.stack([frame.image for frame in frames]), fps=10, name=name)


OTHERS = ("paper-llsh-", "lgn", "lbr-spr", "cbcg", "mil")
"""They need weights, long training or labels."""


@pytest.mark.parametrize("preset", [name for name in catalog.PRESETS if not name.startswith(OTHERS)])
def test_a_preset_goes_the_whole_way(preset: str, cache: ObservationCache, tmp_path: Path) -> None:
    fitted = Detector(preset).fit([clip(18, preset), clip(19, preset)], cache=cache, holdout=0)
    usual, fast = fitted.score_each([clip(18, preset), clip(60, preset)])
    assert usual.valid.all()
    assert np.nanmedian(fast.scores) > np.nanmedian(usual.scores)
    fitted.save(tmp_path / "d.oddframe")
    again = Detector.load(tmp_path / "d.oddframe").score(clip(60, preset))
    np.testing.assert_array_equal(again.scores, fast.scores)


def test_lbr_spr_goes_the_whole_way_in_small(cache: ObservationCache, tmp_path: Path) -> None:
    """A few steps of a narrow network: the way is what is tried."""
    preset = catalog.preset("lbr-spr-small")
    narrow = {"width": 2, "poolings": 2, "epochs": 2, "warm_up": 1, "batch": 32}
    model = catalog.build("model", preset.model, {**preset.model_settings, **narrow})
    fitted = Detector("lbr-spr-small", model=model).fit([clip(18), clip(19)], cache=cache, holdout=0)
    scores = fitted.score(clip(60)).scores
    assert np.isfinite(scores).all()
    fitted.save(tmp_path / "d.oddframe")
    np.testing.assert_array_equal(Detector.load(tmp_path / "d.oddframe").score(clip(60)).scores, scores)


def test_the_presets_of_paper_llsh_need_weights_and_their_own_frames() -> None:
    for name, (crops, batch, queue, epochs) in {
        "paper-llsh-avenue": (3, 32, 2048, 60),
        "paper-llsh-shanghaitech": (3, 256, 8192, 60),
        "paper-llsh-corridor": (3, 256, 8192, 10),
    }.items():
        with pytest.raises(SettingsError, match=r"needs weights.*SLOWFAST_8x8_R50.pkl"):
            Detector(name)
        preset = catalog.preset(name)
        seeing = catalog.merged(preset.observer_settings, {"backbone.weights": "random"})
        observer = catalog.build("observer", preset.observer, seeing)
        judging = catalog.build("model", preset.model, preset.model_settings)
        judging.check(observer.spec)
        model = judging.settings()
        assert observer.spec.fields["feature"].shape == (crops, 9216)
        assert (model["batch"], model["queue"], model["epochs"]) == (batch, queue, epochs)
        window = observer.window(VideoInfo("v", 1920, 1080, Fraction(24)))
        assert (window.length, window.stride, window.about) == (32, 1, 16)
        observer.open(VideoInfo("v", 1920, 1080, Fraction(24)))


def test_a_paper_preset_goes_the_whole_way_with_its_weights(cache: ObservationCache, tmp_path: Path) -> None:
    """Random weights and few small snippets: the way is what is tried, not what is seen on it."""
    preset = catalog.preset("paper-llsh-avenue")
    small = {"backbone.weights": "random", "backbone.size": 64, "step": 30, "batch": 1}
    observer = catalog.build("observer", preset.observer, catalog.merged(preset.observer_settings, small))
    fitted = Detector("paper-llsh-avenue", observer=observer)
    fitted.fit([clip(18), clip(19)], cache=cache, holdout=0)
    scores = fitted.score(clip(60)).scores
    assert np.isfinite(scores).all()
    fitted.save(tmp_path / "d.oddframe")
    np.testing.assert_array_equal(Detector.load(tmp_path / "d.oddframe").score(clip(60)).scores, scores)
