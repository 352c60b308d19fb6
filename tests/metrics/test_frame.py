"""The frame figures are exact: equal to counting pairs, to scikit-learn, and undefined where they are undefined."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from oddframe.errors import DataError
from oddframe.metrics.frame import auroc, average_precision, equal_error_rate

Figure = Callable[[npt.ArrayLike, npt.ArrayLike], float]
FIGURES: list[Figure] = [auroc, average_precision, equal_error_rate]


Scored = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]


@st.composite
def scored_frames(draw: st.DrawFn) -> Scored:
    """Few distinct scores, so that ties abound; both classes present."""
    pool = draw(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=6))
    scores = draw(st.lists(st.sampled_from(pool), min_size=2, max_size=40))
    labels = draw(st.lists(st.booleans(), min_size=len(scores) - 2, max_size=len(scores) - 2))
    return np.array(scores), np.array(draw(st.permutations([True, False, *labels])))


@given(scored_frames())
def test_auroc_is_the_share_of_pairs_in_the_right_order(data: Scored) -> None:
    scores, labels = data
    pairs = list(itertools.product(scores[labels], scores[~labels]))
    halves = sum(2 * (a > b) + (a == b) for a, b in pairs)
    assert auroc(scores, labels) == float(Fraction(int(halves), 2 * len(pairs)))


@given(scored_frames())
def test_ranking_figures_agree_with_scikit_learn(data: Scored) -> None:
    scores, labels = data
    ranks = np.unique(scores, return_inverse=True)[1]  # scikit-learn refuses infinities
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, ranks), abs=1e-12)
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, ranks), abs=1e-12)


@given(scored_frames())
def test_equal_error_rate_is_where_the_roc_curve_meets_the_diagonal(data: Scored) -> None:
    scores, labels = data
    ranks = np.unique(scores, return_inverse=True)[1]
    flagged, found, _ = roc_curve(labels, ranks, drop_intermediate=False)
    gap = flagged - (1 - found)  # rises from -1 to 1 along the curve, and is linear from point to point
    place = np.interp(0.0, gap, np.arange(len(gap)))
    expected = np.interp(place, np.arange(len(gap)), flagged)
    assert equal_error_rate(scores, labels) == pytest.approx(expected, abs=1e-12)


@given(scored_frames())
def test_figures_depend_on_order_alone(data: Scored) -> None:
    scores, labels = data
    ranks = np.unique(scores, return_inverse=True)[1].astype(np.int64)
    for figure in FIGURES:
        assert figure(scores, labels) == figure(ranks, labels.astype(int)) == figure(ranks * 10**12, labels)
    assert auroc(-scores, labels) == pytest.approx(1 - auroc(scores, labels), abs=1e-12)
    assert equal_error_rate(-scores, labels) == pytest.approx(1 - equal_error_rate(scores, labels), abs=1e-9)


def test_perfect_and_useless_scores() -> None:
    labels = np.array([0, 0, 1, 1])
    assert [figure(labels, labels) for figure in FIGURES] == [1.0, 1.0, 0.0]
    assert [figure(np.zeros(4), labels) for figure in FIGURES] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("scores", "labels", "says"),
    [
        ([0.1, 0.2], [0, 0], "undefined: only one class"),
        ([0.1, 0.2], [1, 1], "undefined: only one class"),
        ([], [], "undefined: only one class"),
        ([0.1, np.nan], [0, 1], "frame 1 is NaN"),
        ([0.1, 0.2, 0.3], [0, 1], "one length"),
        ([[0.1, 0.2]], [[0, 1]], "one length"),
        ([0.1, 0.2], [0, 2], "0 or 1"),
        (["a", "b"], [0, 1], "numbers"),
    ],
)
def test_what_has_no_answer_gets_none(figure: Figure, scores: Any, labels: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        figure(scores, labels)


def test_a_million_frames_take_well_under_a_second_each() -> None:
    generator = np.random.default_rng(0)
    labels = generator.random(1_000_000) < 0.2
    scores = (generator.normal(size=1_000_000) + labels).astype(np.float32)
    start = time.process_time()
    results = [figure(scores, labels) for figure in FIGURES]
    assert time.process_time() - start < 6  # generous: a quadratic method would need hours
    assert results[0] == pytest.approx(0.7602, abs=0.003)  # two normal curves one deviation apart
    assert results[2] == pytest.approx(0.3085, abs=0.003)
