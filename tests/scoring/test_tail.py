"""The generalised Pareto tail: right where it is known, and within its bounds where it is not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oddframe.scoring import GeneralisedPareto


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
def test_a_known_tail_is_found_again(shape: float) -> None:
    true = GeneralisedPareto(start=2.0, scale=0.5, shape=shape)
    chance = np.random.default_rng(1).random(20_000)
    found = GeneralisedPareto.fit([true.level(one) for one in chance], start=2.0)
    assert found.shape == pytest.approx(shape, abs=0.03)
    assert found.scale == pytest.approx(0.5, rel=0.03)
    assert found.level(1e-4) == pytest.approx(true.level(1e-4), rel=0.1)


@given(st.lists(st.floats(0.001, 1e3), min_size=2, max_size=40).filter(lambda over: max(over) > min(over)))
def test_any_peaks_give_a_tail_that_falls_from_one(over: list[float]) -> None:
    found = GeneralisedPareto.fit(over, start=0.0)
    assert found.scale > 0
    assert abs(found.shape) <= 0.5
    chances = [found.beyond(x) for x in np.linspace(0, 2 * max(over), 20)]
    assert chances[0] == 1
    assert all(a >= b >= 0 for a, b in itertools.pairwise(chances))


@given(st.floats(-0.5, 0.5), st.floats(1e-6, 1), st.sampled_from([math.inf, 5.0]))
def test_level_and_chance_are_inverse(shape: float, chance: float, ceiling: float) -> None:
    tail = GeneralisedPareto(1.0, 0.5, shape, ceiling)
    level = tail.level(chance)
    assume(level < ceiling - 1e-6)  # nearer, it is rounded
    assert tail.beyond(level) == pytest.approx(chance, rel=1e-6)


@given(st.lists(st.floats(0.5001, 1), min_size=2, max_size=40).filter(lambda peaks: max(peaks) > min(peaks)))
def test_a_tail_of_scores_that_have_a_ceiling_stays_below_it(peaks: list[float]) -> None:
    found = GeneralisedPareto.fit(peaks, start=0.5, ceiling=1.0)
    levels = [found.level(chance) for chance in (1.0, 0.1, 1e-3, 1e-9)]
    assert levels[0] == pytest.approx(0.5)
    assert all(a <= b <= 1 for a, b in itertools.pairwise(levels))
    assert found.beyond(1.0) <= found.beyond(0.9) <= found.beyond(0.5) == 1


def test_a_known_tail_below_a_ceiling_is_found_again() -> None:
    """Distances to the ceiling that fall off as a power of what is left: the logarithm is exponential."""
    left = np.random.default_rng(0).random(20_000) ** 0.5  # P(1 - x < d) = (d / 0.5)^2
    found = GeneralisedPareto.fit(1 - 0.5 * left, start=0.5, ceiling=1.0)
    assert found.shape == pytest.approx(0, abs=0.03)
    assert found.scale == pytest.approx(0.5, rel=0.03)
    assert found.level(1e-4) == pytest.approx(1 - 0.5 * 1e-2, abs=1e-3)
