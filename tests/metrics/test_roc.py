"""The ROC curve is scikit-learn's, and its area the AUROC."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve as reference

from oddframe.errors import DataError
from oddframe.metrics import auroc, roc_curve

frames = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({odd for _, odd in rows}) == 2
)


@given(frames)
def test_its_corners_are_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    scores, odd = np.array([s for s, _ in rows], float), np.array([o for _, o in rows])
    ours = roc_curve(scores, odd)
    false_rate, true_rate, thresholds = reference(odd, scores, drop_intermediate=False)
    there = set(zip(false_rate.tolist(), true_rate.tolist(), thresholds.tolist(), strict=True))
    assert set(zip(ours.false_rate.tolist(), ours.true_rate.tolist(), ours.threshold.tolist(), strict=True)) <= there
    assert ours.area == pytest.approx(auroc(scores, odd))


def test_points_on_a_straight_line_are_left_out() -> None:
    curve = roc_curve(np.arange(1000), np.arange(1000) >= 500)
    assert list(zip(curve.false_rate, curve.true_rate, strict=True)) == [(0, 0), (0, 1), (1, 1)]


def test_one_class_has_no_curve() -> None:
    with pytest.raises(DataError, match="undefined"):
        roc_curve([1, 2], [0, 0])
