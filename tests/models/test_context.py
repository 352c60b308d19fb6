"""What is to be expected where something was seen is taken out of it, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import PolynomialFeatures

from oddframe.errors import SpecError, StoreError
from oddframe.models.base import ModelState
from oddframe.models.knn import KNN
from oddframe.models.source import MemorySource
from oddframe.models.standardise import Standardiser
from oddframe.testing.sources import synthetic_video
from oddframe.types import Field, Observations, Spec

SPEC = Spec({"place": Field((2,), weight=0.0, context=True), "size": Field((3,))})
Reals = npt.NDArray[np.float64]


def scene(rows: int, seed: int = 0, noise: float = 0.1) -> tuple[Reals, Reals]:
    """Places, and sizes that grow with them."""
    random = np.random.default_rng(seed)
    place = random.random((rows, 2))
    slope = np.array([[0.0, 1.0, -2.0], [5.0, 3.0, 0.5]])
    return place, place @ slope + (place[:, 1:] ** 2) @ np.array([[1.0, 0, 2]]) + noise * random.normal(size=(rows, 3))


def observations(place: Reals, size: Reals, spec: Spec = SPEC) -> tuple[MemorySource, Observations]:
    info, seen = synthetic_video(spec, "gate", seed=0, frames=len(place), tracks=1)
    data = {"place": torch.tensor(place, dtype=torch.float32), "size": torch.tensor(size, dtype=torch.float32)}
    seen = replace(seen, data=data)
    return MemorySource(spec, [(info, seen)]), seen


def test_what_is_left_is_that_of_least_squares_on_a_parabola() -> None:
    place, size = scene(500)
    source, seen = observations(place, size)
    vectors = Standardiser().fit(source).apply(seen).numpy()
    basis = PolynomialFeatures(2).fit_transform(place)
    left = size - LinearRegression().fit(basis, size).predict(basis)
    np.testing.assert_allclose(vectors, left / left.std(0) / np.sqrt(3), atol=2e-3)


def test_a_size_that_is_usual_elsewhere_is_odd_here() -> None:
    place, size = scene(600, noise=0.05)
    far, near = np.array([[0.5, 0.05]]), np.array([[0.5, 0.95]])
    usual_near = size[np.argsort(np.abs(place - near).sum(1))[:20]].mean(0, keepdims=True)
    source, _ = observations(place, size)
    model = KNN().train(source).absorb(source)
    info = source.videos()[0]
    here, there = (float(model.open(info).push(observations(where, usual_near)[1]).score[0]) for where in (near, far))
    assert there > 2 * here


def test_each_row_is_its_own_to_the_bit() -> None:
    source, seen = observations(*scene(200))
    fitted = Standardiser().fit(source)
    whole = fitted.apply(seen)
    for row in (0, 7, 199):
        assert torch.equal(fitted.apply(seen.select(slice(row, row + 1)))[0], whole[row])


def test_nothing_runs_away_where_nobody_has_been() -> None:
    place, size = scene(300)
    source, _ = observations(place * 0.2, size)
    fitted = Standardiser().fit(source)
    far = fitted.apply(observations(np.array([[1.0, 1.0], [9.0, 9.0]]), size[:2] * 0)[1])
    assert torch.equal(far[0], far[1])


def test_context_counts_itself_only_if_it_is_given_a_weight() -> None:
    source, seen = observations(*scene(100))
    assert Standardiser().fit(source).sizes() == {"size": 3}
    weighted = Standardiser({"place": 1.0}).fit(source)
    assert weighted.sizes() == {"place": 2, "size": 3}
    place = weighted.apply(seen)[:, :2].double()
    np.testing.assert_allclose(place.std(0, correction=0), np.full(2, 1 / np.sqrt(2)), rtol=1e-4)


def test_plain_values_expect_nothing() -> None:
    source, seen = observations(*scene(50))
    np.testing.assert_array_equal(Standardiser(plain=True).fit(source).apply(seen), seen.data["size"])


def test_what_is_expected_is_saved_and_missed_if_lost() -> None:
    source, seen = observations(*scene(100))
    fitted = Standardiser().fit(source)
    state = fitted.state()
    assert torch.equal(Standardiser().restore(state).apply(seen), fitted.apply(seen))
    lost = ModelState({name: t for name, t in state.tensors.items() if name != "slopes"}, state.meta)
    with pytest.raises(StoreError, match="slopes"):
        Standardiser().restore(lost)


def test_a_place_that_never_varied_expects_the_mean() -> None:
    place, size = scene(100)
    source, seen = observations(place * 0 + 0.5, size)
    vectors = Standardiser().fit(source).apply(seen).numpy()
    np.testing.assert_allclose(vectors, (size - size.mean(0)) / size.std(0) / np.sqrt(3), atol=1e-3)


def test_too_much_context_is_refused() -> None:
    spec = Spec({"place": Field((9,), weight=0.0, context=True), "size": Field((3,))})
    source, _ = observations(np.random.default_rng(0).random((20, 9)), np.ones((20, 3)), spec)
    with pytest.raises(SpecError, match="9 context values"):
        Standardiser().fit(source)


def test_context_is_part_of_a_spec() -> None:
    assert Spec.from_json(SPEC.to_json()) == SPEC
    plain = Spec({"place": Field((2,), weight=0.0), "size": Field((3,))})
    assert plain != SPEC
    assert "context" not in str(plain.to_json())
