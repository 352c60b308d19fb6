"""The presets are what they say, and go the whole way: fit, score, save, load, and the same scores again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe import catalog
from oddframe.engine import Detector, ObservationCache
from oddframe.models.lgn import LGN
from oddframe.testing.scenes import moving_square
from oddframe.video import ArrayVideo, Video


def clip(speed: float) -> Video:
    """A square crosses the scene."""
    frames = moving_square(seconds=4, speed=speed).frames
    return ArrayVideo(np.stack([frame.image for frame in frames]), fps=10, name=f"at {speed}")


@pytest.mark.parametrize("name", ["lgn", "lgn-small"])
def test_the_model_of_a_preset_takes_what_its_observer_gives(name: str) -> None:
    preset = catalog.preset(name)
    observer = catalog.build("observer", preset.observer, preset.observer_settings)
    model = catalog.build("model", preset.model, preset.model_settings)
    model.check(observer.spec)
    assert preset.protocol == "paper-lgn"


def test_the_preset_of_the_paper_has_its_settings() -> None:
    preset = catalog.preset("lgn")
    observer = catalog.build("observer", preset.observer, preset.observer_settings)
    assert observer.spec.fields["frames"].shape == (5, 3, 256, 256)
    model = catalog.build("model", preset.model, preset.model_settings)
    assert isinstance(model, LGN)
    assert (model.items, model.item_size, model.epochs, model.batch) == (10, 512, 60, 6)
    assert (model.psnr_weight, model.compactness, model.separateness, model.gamma) == (0.6, 10, 5, 0.009)
    assert not model.adapt


def test_the_small_preset_goes_the_whole_way(tmp_path: Path) -> None:
    """Smaller still, and trained for a moment: the way is what is tried."""
    preset = catalog.preset("lgn-small")
    observer = catalog.build("observer", preset.observer, {**preset.observer_settings, "size": 16})
    little = {"width": 4, "hidden": 4, "item_size": 8, "epochs": 2, "windows": 40, "sample": 10}
    model = catalog.build("model", preset.model, {**preset.model_settings, **little})
    detector = Detector("lgn-small", observer=observer, model=model)
    with ObservationCache(tmp_path / "cache") as cache:
        detector.fit([clip(18), clip(19)], cache=cache, holdout=0)
    usual, fast = detector.score_each([clip(18), clip(60)])
    assert usual.valid.all()
    detector.save(tmp_path / "d.oddframe")
    again = Detector.load(tmp_path / "d.oddframe").score(clip(60))
    np.testing.assert_array_equal(again.scores, fast.scores)
    assert np.isfinite(fast.scores).all()
