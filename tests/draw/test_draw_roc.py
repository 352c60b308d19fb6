"""ROC pictures show every curve, each in its own colour, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from oddframe.draw import canvas, plot_roc
from oddframe.errors import DataError
from oddframe.metrics import roc_curve
from oddframe.types import ImageArray


def coloured(image: ImageArray, colour: str) -> int:
    """How many pixels have about this colour."""
    return int((np.abs(image.astype(int) - canvas.rgb(colour)).max(axis=2) < 8).sum())


def test_each_curve_has_its_own_line() -> None:
    random = np.random.default_rng(0)
    odd = random.random(3000) < 0.3
    curves = {f"detector {n}": roc_curve(random.normal(size=3000) + n * odd, odd) for n in range(3)}
    image = plot_roc(curves, "a data set, a protocol")
    assert image.shape[1] == 1200
    for colour, _ in canvas.LINES[:3]:
        assert coloured(image, colour) > 500
    assert coloured(image, canvas.LINES[3][0]) < coloured(
        plot_roc(curves | {"a fourth": curves["detector 0"]}), canvas.LINES[3][0]
    )


def test_a_perfect_curve_keeps_to_the_upper_left_and_a_reversed_one_to_the_lower_right() -> None:
    odd = np.arange(100) >= 50
    right, wrong = (plot_roc({"one": roc_curve(sign * np.arange(100), odd)}) for sign in (1, -1))
    colour, left, far = canvas.LINES[0][0], slice(84, 96), slice(708, 720)  # the axes' left and right edges
    assert coloured(right[70:600, left], colour) > 500
    assert coloured(wrong[70:600, far], colour) > 500
    assert coloured(right[70:600, far], colour) == coloured(wrong[70:600, left], colour) == 0


def test_no_curves_no_picture() -> None:
    with pytest.raises(DataError, match="no ROC curves"):
        plot_roc({})
