"""Standardisation: the numbers, the weights, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import DataError, FitError, NotFitted, SettingsError, SpecError
from oddframe.models.source import MemorySource
from oddframe.models.standardise import RunningMoments, Standardiser
from oddframe.testing.sources import FLOW_AND_SHAPE, synthetic_source, synthetic_video
from oddframe.types import Field, Observations, Spec


def source_of(values: list[list[float]], dtype: torch.dtype = torch.float32) -> tuple[MemorySource, Observations]:
    """One video whose observations have these values in one entry "x"."""
    spec = Spec({"x": Field((len(values[0]),), dtype)})
    info, observations = synthetic_video(spec, "gate", seed=0, frames=len(values), tracks=1)
    observations = replace(observations, data={"x": torch.tensor(values, dtype=dtype)})
    return MemorySource(spec, [(info, observations)]), observations


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8), offset=st.sampled_from([0.0, 1e6]))
def test_moments_in_chunks_are_those_of_all_rows(sizes: list[int], offset: float) -> None:
    rows = offset + np.random.default_rng(0).standard_normal((sum(sizes), 3))
    moments = RunningMoments(3)
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        moments.add(torch.from_numpy(part))
    np.testing.assert_allclose(moments.mean, rows.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.deviation(), rows.std(0), rtol=1e-8, atol=1e-9)


def test_vectors_are_standardised_weighted_and_in_the_order_of_names() -> None:
    data = synthetic_source()
    standardiser = Standardiser({"shape": 3.0}).fit(data)
    everything = data.take(np.arange(len(data)))
    expected = []
    for name, weight in (("flow", 1.0), ("shape", 3.0)):
        x = everything[name].double()
        expected.append((x - x.mean(0)) / x.std(0, correction=0) * weight / x.shape[1] ** 0.5)
    torch.testing.assert_close(standardiser.vectors(everything).double(), torch.cat(expected, 1), rtol=1e-5, atol=1e-5)
    assert standardiser.sizes() == {"flow": 8, "shape": 4}
    vectors = standardiser.vectors(everything)
    assert standardiser.length() == pytest.approx(float(vectors.square().sum(1).mean().sqrt()), rel=1e-5)
    assert standardiser.length() == pytest.approx(10**0.5, rel=1e-5)


def test_an_entry_without_weight_is_dropped() -> None:
    data = synthetic_source()
    standardiser = Standardiser({"flow": 0.0}).fit(data)
    assert standardiser.sizes() == {"shape": 4}
    assert standardiser.vectors(data.take(np.arange(5))).shape == (5, 4)


def test_plain_leaves_values_as_they_are() -> None:
    data, observations = source_of([[1.0, 2.0], [3.0, 7.0]])
    standardiser = Standardiser({"x": 2.0}, plain=True).fit(data)
    assert standardiser.apply(observations).tolist() == [[2.0, 4.0], [6.0, 14.0]]
    assert standardiser.length() == pytest.approx((4 * (1 + 4 + 9 + 49) / 2) ** 0.5)


@pytest.mark.parametrize("constant", [0.0, 0.1, 12345.678])
def test_values_that_never_varied_do_not_explode(constant: float) -> None:
    data, observations = source_of([[constant, 1.0], [constant, 3.0]] * 50)
    shifted = replace(observations, data={"x": observations.data["x"] + torch.tensor([1.0, 0.0])})
    vectors = Standardiser(floor=0.05).fit(data).apply(shifted)
    assert float(vectors[0, 0]) == pytest.approx(20 / 2**0.5, rel=1e-3)  # a twentieth of the other's deviation, 1
    jitter = constant * (1 + 2.0**-23)  # as constants that were computed have
    alone, observations = source_of([[constant], [jitter]] * 50)
    shifted = replace(observations, data={"x": observations.data["x"] + 1.0})
    assert float(Standardiser().fit(alone).apply(shifted)[0, 0]) == pytest.approx(1.0, rel=1e-3)


def test_huge_values_stay_finite() -> None:
    data, observations = source_of([[0.0], [1.0]])
    huge = replace(observations, data={"x": torch.tensor([[3e38], [-3e38]])})
    vectors = Standardiser().fit(data).apply(huge)
    assert bool(torch.isfinite(vectors.square()).all())
    assert float(vectors[0, 0]) > 0 > float(vectors[1, 0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(value: float) -> None:
    data, observations = source_of([[1.0], [2.0], [value], [3.0]])
    with pytest.raises(DataError, match="gate: x of frame 2"):
        Standardiser().fit(data)
    sound, _ = source_of([[1.0], [2.0]])
    with pytest.raises(DataError, match="gate: x of frame 2"):
        Standardiser().fit(sound).apply(observations)


def test_half_precision_is_taken_as_it_is() -> None:
    data, observations = source_of([[1.0], [3.0]], torch.float16)
    assert Standardiser().fit(data).apply(observations).tolist() == [[-1.0], [1.0]]


def test_what_cannot_be_standardised_is_refused() -> None:
    for weights in ({"flow": -1.0}, {"flow": np.inf}):
        with pytest.raises(SettingsError):
            Standardiser(weights)
    with pytest.raises(SpecError, match="colour"):
        Standardiser({"colour": 1.0}).check(FLOW_AND_SHAPE)
    with pytest.raises(SpecError, match="pixels"):
        Standardiser().check(Spec({"pixels": Field((3,), torch.uint8)}))
    with pytest.raises(SpecError, match="no values"):
        Standardiser({"flow": 0.0, "shape": 0.0}).check(FLOW_AND_SHAPE)
    with pytest.raises(FitError, match="no observations"):
        Standardiser().fit(MemorySource(FLOW_AND_SHAPE, []))
    with pytest.raises(NotFitted):
        Standardiser().sizes()
