"""Weights and thresholds are the paper's formulas, and what they promise holds for any errors."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.models.lbr_spr.refinement import Mode, Thresholds, thresholds, weights

MODES = get_args(Mode)
REFINING = [mode for mode in MODES if mode != "none"]

errors = st.lists(st.floats(0, 100, width=32), min_size=1, max_size=40)
steps, shrinks = st.integers(0, 2000), st.sampled_from([0.0, 0.0001, 0.005, 0.1])


def slow_thresholds(of: list[float], step: int, shrink: float) -> tuple[float, float]:
    """By the definition, in double precision."""
    mean = sum(of) / len(of)
    deviation = math.sqrt(sum((e - mean) ** 2 for e in of) / (len(of) - 1)) if len(of) > 1 else 0.0
    lower = mean + deviation
    return lower, max(lower, mean + (4 - step * shrink) * deviation)


def slow_weight(e: float, lower: float, upper: float, mode: Mode) -> float:
    """Of one error, by the definition."""
    if mode == "none":
        return 1.0
    if mode == "mixture":
        if e <= lower:
            return 1.0
        return 0.0 if e >= upper else lower * (upper - e) / (e * (upper - lower))
    if mode == "huber":
        return 1.0 if e < upper else upper / e
    if e >= upper:
        return 0.0
    return 1.0 if mode == "hard" else 1 - e / upper


def at(lower: float, upper: float) -> Thresholds:
    return Thresholds(torch.tensor(lower), torch.tensor(upper))


@settings(max_examples=60)
@given(errors, steps, shrinks)
def test_thresholds_are_their_definition(of: list[float], step: int, shrink: float) -> None:
    found, expected = thresholds(torch.tensor(of), step, shrink), slow_thresholds(of, step, shrink)
    assert float(found.lower) == pytest.approx(expected[0], rel=1e-4, abs=1e-4)
    assert float(found.upper) == pytest.approx(expected[1], rel=1e-4, abs=1e-4)
    assert float(found.upper) >= float(found.lower)


def test_thresholds_by_hand() -> None:
    """Mean 2, deviation 1: the upper one comes down from 6 by one deviation every ten steps, and stops at the lower."""
    of = torch.tensor([1.0, 2.0, 3.0])
    assert float(thresholds(of, 0, 0.1).lower) == pytest.approx(3)
    uppers = [float(thresholds(of, step, 0.1).upper) for step in (0, 10, 25, 30, 1000)]
    assert uppers == pytest.approx([6, 5, 3.5, 3, 3])


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=60)
@given(of=errors, lower=st.floats(0.125, 50, width=32), more=st.floats(0.125, 50, width=32))
def test_weights_are_their_definition(mode: Mode, of: list[float], lower: float, more: float) -> None:
    upper = float(torch.tensor(lower) + torch.tensor(more))
    found = weights(torch.tensor(of), at(lower, upper), mode)
    expected = [slow_weight(e, lower, upper, mode) for e in of]
    assert found.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=60)
@given(of=errors, step=steps, shrink=shrinks)
def test_weights_are_shares_and_never_grow_with_the_error(
    mode: Mode, of: list[float], step: int, shrink: float
) -> None:
    ordered = torch.tensor(sorted(of))
    found = weights(ordered, thresholds(ordered, step, shrink), mode)
    assert bool(((found >= 0) & (found <= 1)).all())
    assert bool((found.diff() <= 1e-5).all())


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("none", [1, 1, 1, 1, 1]),
        ("mixture", [1, 1, 1 / 3, 0, 0]),
        ("hard", [1, 1, 1, 0, 0]),
        ("linear", [0.75, 0.5, 0.25, 0, 0]),
        ("huber", [1, 1, 1, 1, 0.5]),
    ],
)
def test_weights_by_hand(mode: Mode, expected: list[float]) -> None:
    """Thresholds 2 and 4; errors below, at, between, at and above them."""
    found = weights(torch.tensor([1.0, 2.0, 3.0, 4.0, 8.0]), at(2.0, 4.0), mode)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("mode", REFINING)
def test_scaling_all_errors_changes_no_weight(mode: Mode) -> None:
    """So it does not matter whether an error is a sum or a mean over pixels."""
    of = torch.tensor([0.5, 1.0, 1.2, 1.1, 0.9, 1.0, 1.0, 0.7, 1.3, 0.8, 6.0, 2.8])
    first, second = (weights(e, thresholds(e, 300, 0.005), mode) for e in (of, 1000 * of))
    torch.testing.assert_close(first, second)
    assert len(set(first.tolist())) > 1


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_without_errors_has_weights(mode: Mode) -> None:
    nothing = torch.zeros(3)
    assert bool(torch.isfinite(weights(nothing, thresholds(nothing, 0, 0.1), mode)).all())


def test_where_thresholds_have_met_the_mixture_is_all_or_nothing() -> None:
    assert weights(torch.tensor([1.9, 2.0, 2.1]), at(2.0, 2.0), "mixture").tolist() == [1, 1, 0]
