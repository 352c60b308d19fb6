"""The picture of what refinement left out shows as much of each kind as there was."""

from __future__ import annotations

import numpy as np
import pytest

from oddframe.draw import canvas, plot_dropped
from oddframe.errors import DataError
from oddframe.types import ImageArray


def area(image: ImageArray, colour: str) -> int:
    """How many pixels of the plot itself have this colour."""
    return int((np.abs(image[104:460, 120:1160].astype(int) - canvas.rgb(colour)).max(axis=2) < 4).sum())


def test_abnormal_and_normal_bars_are_as_large_as_what_they_count() -> None:
    image = plot_dropped([(100, 300), (200, 200)], 0.1)
    assert area(image, canvas.ALARM) / area(image, canvas.HAIR) == pytest.approx(300 / 500, rel=0.05)


def test_an_epoch_without_any_is_empty() -> None:
    image = plot_dropped([(0, 0), (50, 50)], 0.1)
    left = image[:, : image.shape[1] // 2]
    assert area(left, canvas.ALARM) == 0 < area(image, canvas.ALARM)


def test_without_refinement_there_is_nothing_to_show() -> None:
    with pytest.raises(DataError, match="nothing was refined"):
        plot_dropped([], 0.1)
