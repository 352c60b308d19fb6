"""Exact neighbours are exact: against faiss, against brute force, near zero, and however queries are cut."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError, StoreError
from oddframe.index import exact
from oddframe.index.exact import NARROW, WideSearch, squared_distances
from oddframe.index.flat import FlatIndex
from oddframe.types import FloatArray

Rows = npt.NDArray[np.float32]


def boxes(count: int) -> FloatArray:
    """Distinct boxes."""
    return np.arange(4 * count, dtype=np.float32).reshape(count, 4)


def filled(vectors: Rows, capacity: int | None = None, order: list[int] | None = None) -> FlatIndex:
    """An index over rows that came from three videos, added video by video in the given order."""
    index = FlatIndex({"x": vectors.shape[1]}, capacity)
    rows = np.array_split(np.arange(len(vectors)), 3)
    for video in order or [0, 1, 2]:
        part = rows[video]
        index.add(f"v{video}", part, boxes(len(vectors))[part], {"x": vectors[part]})
    return index


def brute(stored: Rows, queries: Rows, k: int) -> npt.NDArray[np.float64]:
    """(N, k) distances in float64."""
    apart = queries.astype(np.float64)[:, None] - stored.astype(np.float64)
    distances: npt.NDArray[np.float64] = np.sort(np.sqrt((apart**2).sum(-1)), axis=1)[:, :k]
    return distances


@settings(max_examples=40)
@given(
    m=st.integers(1, 60),
    n=st.integers(0, 40),
    d=st.sampled_from([1, 2, 9, NARROW, NARROW + 1, 30]),
    k=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_distances_are_those_of_brute_force(m: int, n: int, d: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    # Few distinct values: plenty of ties and duplicates.
    stored, queries = (random.integers(-3, 4, (rows, d)).astype(np.float32) for rows in (m, n))
    index = filled(stored)
    found = index.query("x", queries, k)
    np.testing.assert_allclose(found.distance, brute(stored, queries, k), rtol=1e-6)
    named = index.vectors("x")[found.row]
    np.testing.assert_allclose(np.linalg.norm(named - queries[:, None], axis=2), found.distance, rtol=1e-6)


def test_neighbours_are_those_of_faiss() -> None:
    faiss = pytest.importorskip("faiss")
    random = np.random.default_rng(0)
    stored, queries = (random.standard_normal((rows, 24), np.float32) for rows in (20_000, 50))
    oracle: Any = faiss.IndexFlatL2(24)
    index = filled(stored)
    oracle.add(index.vectors("x"))
    squares, rows = oracle.search(queries, 5)
    found = index.query("x", queries, 5)
    assert np.array_equal(found.row, rows)
    np.testing.assert_allclose(found.distance, np.sqrt(squares), rtol=1e-5)


@pytest.mark.parametrize("d", [8, 24])
def test_a_tiny_distance_far_from_the_origin_is_not_lost_to_cancellation(d: int) -> None:
    """All stored rows lie within rounding of the expansion |x|^2 - 2xy + |y|^2, which alone would see zeros."""
    random = np.random.default_rng(1)
    stored = (1000 + random.integers(0, 64, (500, d)) * 2.0**-10).astype(np.float32)
    queries = (stored[::50] + np.float32(2.0**-12)).astype(np.float32)
    found = filled(stored).query("x", queries, 3)
    np.testing.assert_allclose(found.distance, brute(stored, queries, 3), rtol=1e-6)


def test_a_stored_row_is_at_distance_zero_from_itself() -> None:
    stored = np.random.default_rng(2).normal(50, 1, (300, 40)).astype(np.float32)
    assert (filled(stored).query("x", stored, 1).distance == 0).all()


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 90), max_size=8), seed=st.integers(0, 1000))
def test_how_queries_are_cut_changes_no_bit(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    index = filled(random.standard_normal((200, 33), np.float32))
    queries = random.standard_normal((90, 33), np.float32)
    edges = [0, *sorted(cuts), 90]
    parts = [index.query("x", queries[s:e], 3) for s, e in pairwise(edges)]
    whole = index.query("x", queries, 3)
    assert np.array_equal(np.concatenate([part.distance for part in parts]), whole.distance)
    assert np.array_equal(np.concatenate([part.row for part in parts]), whole.row)


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 30), st.integers(1, 40)),
    k=st.integers(1, 6),
    blocks=st.tuples(st.integers(1, 9), st.integers(1, 99)),
    spread=st.sampled_from([0.0, 1e-4, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_products_rule_out_differences_would_not_have_found(
    shape: tuple[int, int, int], k: int, blocks: tuple[int, int], spread: float, seed: int
) -> None:
    """Rows and bits are those of comparing all pairs, ties by number; also where rounding hides all distances."""
    (m, n, d), random = shape, np.random.default_rng(seed)
    k = min(k, m)
    stored, queries = (
        (50 + random.integers(-2, 3, (rows, d)) + spread * random.standard_normal((rows, d))).astype(np.float32)
        for rows in (m, n)
    )
    squares = squared_distances(queries, np.repeat(np.arange(n), m), stored, np.tile(np.arange(m), n)).reshape(n, m)
    rows = np.argsort(squares, axis=1, kind="stable")[:, :k]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_QUERIES", blocks[0])
        patch.setattr(exact, "_CELLS", blocks[1])
        distance, row = WideSearch(stored)(queries, k)
    assert np.array_equal(row, rows)
    assert np.array_equal(distance, np.sqrt(np.take_along_axis(squares, rows, axis=1)))


@settings(max_examples=60)
@given(d=st.sampled_from([1, 17, 400, 3000]), far=st.floats(0, 1e6), seed=st.integers(0, 2**32 - 1))
def test_bounds_lie_below_all_distances(d: int, far: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    stored = (far + random.standard_normal((50, d))).astype(np.float32)
    queries = np.concatenate([stored[:5], stored[5:10] + np.float32(1e-3), -stored[:5], 3 * stored[:5]])
    search, every = WideSearch(stored), np.arange(50)
    length = (queries.astype(np.float64) ** 2).sum(axis=1) * (1 - search._slack)
    bound = torch.addmm(search._length, torch.from_numpy(queries), search._tensor.T, alpha=-2).numpy()
    for number, query in enumerate(queries):
        squares = squared_distances(query[None], np.zeros(50, np.int64), stored, every)
        assert (bound[number] + length[number] <= squares).all()


@pytest.mark.parametrize("huge", [1e18, 3e19, 1e37])
def test_squares_that_overflow_hide_no_neighbour(huge: float) -> None:
    stored = np.random.default_rng(4).standard_normal((40, 20)).astype(np.float32)
    stored[::3] *= np.float32(huge)
    found = filled(stored).query("x", stored, 1)
    assert found.row[:, 0].tolist() == list(range(40))
    assert (found.distance == 0).all()


@pytest.mark.parametrize("capacity", [None, 1, 20, 100])
def test_order_of_arrival_and_partition_do_not_matter(capacity: int | None) -> None:
    vectors = np.random.default_rng(3).standard_normal((90, 5), np.float32)
    expected = filled(vectors, capacity).state()
    for other in (filled(vectors, capacity, [2, 0, 1]), _merged(vectors, capacity)):
        tensors, meta = other.state()
        assert meta == expected[1]
        assert all(torch.equal(tensors[name], tensor) for name, tensor in expected[0].items())
    assert len(filled(vectors, capacity)) == min(90, capacity or 90)


def _merged(vectors: Rows, capacity: int | None) -> FlatIndex:
    half = filled(vectors, capacity, [1])
    rest = filled(vectors, capacity, [2, 0])
    return half.merge(rest)


def test_what_is_kept_is_a_fair_and_seeded_draw() -> None:
    frames = np.arange(4000)
    kept = []
    for seed in (0, 1):
        index = FlatIndex({"x": 1}, capacity=1000, seed=seed)
        index.add("a", frames, np.zeros((4000, 4), np.float32), {"x": np.zeros((4000, 1), np.float32)})
        kept.append(index.provenance.frame)
    assert set(kept[0]) != set(kept[1])
    quarters = np.histogram(kept[0], bins=4, range=(0, 4000))[0]
    assert (abs(quarters - 250) < 60).all()  # over four standard deviations of the binomial


def test_forgetting_a_video_is_as_if_it_had_never_come() -> None:
    vectors = np.random.default_rng(4).standard_normal((30, 3), np.float32)
    without = filled(vectors, order=[0, 2]).state()
    tensors, meta = filled(vectors).forget("v1").state()
    assert meta == without[1] == {"videos": ["v0", "v2"]}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in without[0].items())
    assert len(filled(vectors).forget("unheard of")) == 30


def test_each_row_knows_where_it_came_from() -> None:
    vectors = np.arange(9, dtype=np.float32)[:, None]
    index = filled(vectors, order=[2, 1, 0])
    row = int(index.query("x", np.array([[4.1]], np.float32), 1).row[0, 0])
    source = index.provenance
    assert (source.names[source.video[row]], source.frame[row]) == ("v1", 4)
    assert source.box[row].tolist() == [16, 17, 18, 19]


def test_what_does_not_fit_is_refused() -> None:
    index = filled(np.zeros((6, 2), np.float32))
    tensors, meta = index.state()
    strangers = {**tensors, "video": torch.full((6,), 9)}
    damaged = {**tensors, "vector.x": torch.full((6, 2), torch.nan)}
    for wrong in (strangers, damaged):
        with pytest.raises(StoreError):
            FlatIndex({"x": 2}).restore(wrong, meta)
    with pytest.raises(StoreError, match="capacity"):
        FlatIndex({"x": 2}, capacity=5).restore(tensors, meta)
    with pytest.raises(SettingsError):
        index.merge(FlatIndex({"x": 3}))
    with pytest.raises(SettingsError):
        FlatIndex({"x": 3}, capacity=0)


@pytest.mark.parametrize("d", [2, NARROW + 1])
def test_what_came_or_went_since_the_last_query_is_known_to_the_next(d: int) -> None:
    index, query = filled(np.zeros((9, d), np.float32)), np.ones((1, d), np.float32)
    far = float(index.query("x", query, 1).distance[0, 0])
    index.add("new", np.array([0]), boxes(1), {"x": query})
    assert index.query("x", query, 1).distance[0, 0] == 0
    assert index.forget("new").query("x", query, 1).distance[0, 0] == np.float32(far)
