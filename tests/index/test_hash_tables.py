"""Hash tables against slow loops written from the paper's definition, and their algebra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError, StoreError
from oddframe.index import code_buckets, hash_tables, mean_buckets
from oddframe.index.hash_tables import SUMMARIES, HashTables
from oddframe.types import FloatArray


def codes(seed: int, count: int, tables: int, bits: int) -> FloatArray:
    """(count, tables, bits) codes in (0, 1) that share buckets often, each in the middle of a step of 2**-16."""
    random = np.random.default_rng(seed)
    kinds = random.uniform(0.1, 0.9, (4, tables, bits))
    near = kinds[random.integers(4, size=count)] + random.normal(scale=0.1, size=(count, tables, bits))
    return ((np.floor(np.clip(near, 0.01, 0.99) * 2**16) + 0.5) / 2**16).astype(np.float32)


def filled(stored: FloatArray, summary: str = "all", probe: int = 0, order: list[int] | None = None) -> HashTables:
    """Tables over codes from three videos, added in the given order of videos, in two pieces each."""
    tables = HashTables(stored.shape[1], stored.shape[2], summary, probe)
    parts = np.array_split(np.arange(len(stored)), 3)
    for video in order or [0, 1, 2]:
        for rows in np.array_split(parts[video], 2):
            tables.add(f"v{video}", rows, np.zeros((len(rows), 4), np.float32), stored[rows])
    return tables


def by_the_paper(stored: FloatArray, query: FloatArray, summary: str, probe: int) -> tuple[list[float], list[int]]:
    """Distance and flipped bits per table for one query, by section 3.2 of the paper, and the wider search."""
    distances, flips = [], []
    for table in range(stored.shape[1]):
        key = tuple(query[table] >= 0.5)
        buckets: dict[tuple[bool, ...], list[FloatArray]] = {}
        for code in stored[:, table].astype(np.float64):
            buckets.setdefault(tuple(code >= 0.5), []).append(code)
        apart = {other: sum(a != b for a, b in zip(key, other, strict=True)) for other in buckets}
        least = min(apart.values(), default=99)
        if least > probe:
            distances.append(math.sqrt(stored.shape[2]))
            flips.append(-1)
            continue
        candidates = [code for other, found in buckets.items() if apart[other] == least for code in found]
        if summary == "all":
            distances.append(float(np.mean([np.linalg.norm(query[table] - code) for code in candidates])))
        elif summary == "nearest":
            distances.append(float(np.min([np.linalg.norm(query[table] - code) for code in candidates])))
        elif summary == "moments":
            distances.append(float(np.sqrt(np.mean(np.sum((query[table] - candidates) ** 2, axis=1)))))
        else:
            distances.append(float(np.linalg.norm(query[table] - np.mean(candidates, axis=0))))
        flips.append(least)
    return distances, flips


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    stored=st.integers(1, 40),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 12)),
    probe=st.integers(0, 4),
    summary=st.sampled_from(SUMMARIES),
)
def test_queries_follow_the_definition(
    seed: int, stored: int, shape: tuple[int, int], probe: int, summary: str
) -> None:
    both = codes(seed, stored + 12, *shape)
    index, queries = filled(both[:stored], summary, probe), both[stored:]
    found = index.query(queries)
    for row, query in enumerate(queries):
        distance, flips = by_the_paper(both[:stored], query, summary, probe)
        np.testing.assert_allclose(found.distance[row], distance, rtol=1e-6, atol=1e-6)
        assert found.flips[row].tolist() == flips


def test_a_code_of_63_bits_finds_itself() -> None:
    stored = np.random.default_rng(0).uniform(0.01, 0.99, (50, 2, 63)).astype(np.float32)
    stored[0] = 0.9  # every bit set
    found = filled(stored).query(stored)
    assert (found.flips == 0).all()
    assert (found.distance == 0).all()


@pytest.mark.parametrize("summary", SUMMARIES)
def test_how_queries_are_cut_changes_no_bit(summary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_buckets, "_RUN", 7)  # buckets of many tiles, blocks of few
    monkeypatch.setattr(code_buckets, "_SIZES", (1, 3, 5))
    monkeypatch.setattr(code_buckets, "_MANY", 6)  # so that some go one way and some the other
    monkeypatch.setattr(code_buckets, "_VALUES", 100)
    monkeypatch.setattr(hash_tables, "_QUERIES", 40)
    monkeypatch.setattr(mean_buckets, "_BUCKETS", 7)
    monkeypatch.setattr(mean_buckets, "_ENTRIES", 5)
    both = codes(1, 400, 2, 5)
    index, queries = filled(both[:300], summary, probe=2), both[300:]
    whole = index.query(queries)
    for size in (1, 7, 33):
        parts = [index.query(queries[start : start + size]) for start in range(0, 100, size)]
        assert np.array_equal(np.concatenate([part.distance for part in parts]), whole.distance)
        assert np.array_equal(np.concatenate([part.flips for part in parts]), whole.flips)
    for row in (*range(10), 39, 40, 79, 80, 99):  # on both sides of where they are cut
        distance, flips = by_the_paper(both[:300], queries[row], summary, 2)
        np.testing.assert_allclose(whole.distance[row], distance, rtol=1e-5)
        assert whole.flips[row].tolist() == flips


@pytest.mark.parametrize("summary", SUMMARIES)
def test_order_and_partition_do_not_matter(summary: str) -> None:
    stored = codes(2, 90, 3, 6)
    expected = filled(stored, summary).state()
    merged = filled(stored, summary, order=[1]).merge(filled(stored, summary, order=[2, 0]))
    for other in (filled(stored, summary, order=[2, 0, 1]), merged):
        _assert_same(other, expected)
        assert len(other) == 90


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_box_at_minus_zero_is_the_box_at_zero_to_the_bit(summary: str) -> None:
    """-0 equals 0 and has other bits: no order tells them apart, but what is saved would differ."""
    stored, frame = codes(6, 2, 1, 3), np.array([4])
    boxes = np.array([[0, 0, 5, 5], [-0.0, 0, 5, 5]], np.float32)
    saved = []
    for rows in ([0, 1], [1, 0]):
        tables = HashTables(1, 3, summary)
        for row in rows:
            tables.add("v", frame, boxes[[row]], stored[[row]])
        saved.append({name: tensor.numpy().tobytes() for name, tensor in tables.state()[0].items()})
    assert saved[0] == saved[1]
    assert not np.signbit(tables.provenance.box).any()


@pytest.mark.parametrize("summary", SUMMARIES)
def test_forgetting_a_video_is_as_if_it_had_never_come(summary: str) -> None:
    stored = codes(3, 60, 3, 6)
    _assert_same(filled(stored, summary).forget("v1"), filled(stored, summary, order=[0, 2]).state())
    assert len(filled(stored, summary).forget("v1")) == 40
    assert len(filled(stored, summary).forget("unheard of")) == 60


@pytest.mark.parametrize("summary", SUMMARIES)
def test_state_comes_back(summary: str) -> None:
    stored = codes(4, 50, 2, 6)
    index = filled(stored, summary, probe=1)
    again = HashTables(2, 6, summary, 1).restore(*index.state())
    assert np.array_equal(again.query(stored).distance, index.query(stored).distance)
    _assert_same(again, index.state())


def test_restored_codes_stay_where_they_lie() -> None:
    """Over a mapped file they are read when a query first meets them, so they must not be copied."""
    tensors, meta = filled(codes(4, 50, 2, 6)).state()
    again = HashTables(2, 6).restore(tensors, meta)
    assert again.state()[0]["codes"].data_ptr() == tensors["codes"].data_ptr()


def test_means_keep_where_each_bucket_began() -> None:
    tables = HashTables(1, 2, "mean")
    same = np.full((3, 1, 2), 0.9, np.float32)
    box = np.arange(12, dtype=np.float32).reshape(3, 4)
    tables.add("b", np.array([8, 9, 10]), box, same)
    tables.add("a", np.array([4]), box[:1], same[:1])
    source = tables.provenance
    assert [source.names[video] for video in source.video] == ["a", "b"]
    assert source.frame.tolist() == [4, 8]
    assert source.box[1].tolist() == [0, 1, 2, 3]
    assert len(tables) == 4


@pytest.mark.parametrize(
    "settings_", [{"tables": 0}, {"bits": 0}, {"bits": 64}, {"summary": "median"}, {"probe": -1}], ids=str
)
def test_settings_out_of_range_are_refused(settings_: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        HashTables(**{"tables": 2, "bits": 8, **settings_})


@pytest.mark.parametrize(("summary", "name", "value"), [
    ("all", "key", 1 << 6), ("all", "start", 7), ("all", "first", 1), ("all", "video", 9),
    ("mean", "key", 1 << 6), ("mean", "key", 3), ("mean", "start", 7), ("moments", "count", 0),
])  # fmt: skip
def test_what_does_not_fit_is_refused(summary: str, name: str, value: int) -> None:
    tensors, meta = filled(codes(5, 12, 2, 6), summary).state()
    wrong = {**tensors, name: torch.full_like(tensors[name], value)}
    with pytest.raises(StoreError):
        HashTables(2, 6, summary).restore(wrong, meta)


def test_tables_of_another_make_are_refused() -> None:
    index = filled(codes(5, 12, 2, 6), "mean")
    for other in (HashTables(2, 5, "mean"), HashTables(3, 6, "mean"), HashTables(2, 6, "all")):
        with pytest.raises(StoreError):
            other.restore(*index.state())
    with pytest.raises(SettingsError):
        index.merge(filled(codes(5, 12, 2, 6), "all"))


def _assert_same(found: HashTables, expected: tuple[dict[str, torch.Tensor], Any]) -> None:
    tensors, meta = found.state()
    assert meta == expected[1]
    assert tensors.keys() == expected[0].keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in expected[0].items())
