"""Every preset goes the whole way: fit, score, save, load, and the same scores again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from oddframe import catalog
from oddframe.engine import Detector, ObservationCache
from oddframe.testing.scenes import moving_square
from oddframe.video.array import ArrayVideo


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservationCache]:
    with ObservationCache(tmp_path_factory.mktemp("cache")) as made:
        yield made


def clip(speed: float) -> ArrayVideo:
    frames = moving_square(seconds=6, speed=speed).frames
    return ArrayVideo(np.stack([frame.image for frame in frames]), fps=10, name=f"at {speed}")


@pytest.mark.parametrize("preset", catalog.PRESETS)
def test_a_preset_goes_the_whole_way(preset: str, cache: ObservationCache, tmp_path: Path) -> None:
    fitted = Detector(preset).fit([clip(18), clip(19)], cache=cache, holdout=0)
    usual, fast = fitted.score_each([clip(18), clip(60)])
    assert usual.valid.all()
    assert np.nanmedian(fast.scores) > np.nanmedian(usual.scores)
    fitted.save(tmp_path / "d.oddframe")
    again = Detector.load(tmp_path / "d.oddframe").score(clip(60))
    np.testing.assert_array_equal(again.scores, fast.scores)
