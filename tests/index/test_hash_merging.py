"""Parts of an index are the index: to the bit, however it was cut, in whatever order it grew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oddframe.index.hash_tables import SUMMARIES, HashTables
from oddframe.types import FloatArray, IntArray

VIDEOS = ("gate", "hall", "yard")


def rows(seed: int, count: int) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Video numbers, frames, boxes and codes; several crops share a frame and a box, some even their codes."""
    random = np.random.default_rng(seed)
    video, frame = random.integers(3, size=count), random.integers(5, size=count)
    box = random.choice(np.array([-0.0, 0.0, 1.0], np.float32), (count, 4))
    kinds = random.uniform(0.2, 0.8, (4, 2, 9))
    kept = np.clip(kinds[random.integers(4, size=count)] + random.normal(scale=0.05, size=(count, 2, 9)), 0, 1)
    kept[random.random(count) < 0.2] = kinds[0]
    return video, frame, box, kept.astype(np.float32)


def grown(summary: str, chosen: IntArray, source: tuple[IntArray, IntArray, FloatArray, FloatArray]) -> HashTables:
    """Tables to which these rows were added, one after the other, runs of one video together."""
    video, frame, box, codes = source
    tables = HashTables(2, 9, summary, 2)
    for part in np.split(chosen, np.flatnonzero(np.diff(video[chosen])) + 1):
        if len(part):
            tables.add(VIDEOS[video[part[0]]], frame[part], box[part], codes[part])
    return tables


def same(found: HashTables, expected: HashTables) -> bool:
    """Whether two states are equal in every bit and type."""
    (mine, meta), (theirs, other) = found.state(), expected.state()
    return meta == other and mine.keys() == theirs.keys() and all(map(equal, mine.values(), theirs.values()))


def equal(left: Tensor, right: Tensor) -> bool:
    """To the bit: -0 is not 0."""
    alike = left.dtype == right.dtype and left.shape == right.shape
    return alike and left.numpy().tobytes() == right.numpy().tobytes()


@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 999), count=st.integers(0, 60), summary=st.sampled_from(SUMMARIES))
def test_merging_shards_in_any_order_is_building_at_once(data: Any, seed: int, count: int, summary: str) -> None:
    source = rows(seed, count)
    shard = np.array(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)), np.int64)
    order = np.array(data.draw(st.permutations(range(count))), np.int64)
    shards = [grown(summary, order[shard[order] == number], source) for number in range(4)]
    merged = HashTables(2, 9, summary, 2)
    for number in data.draw(st.permutations(range(4))):
        merged.merge(shards[number])
    assert same(merged, grown(summary, np.arange(count), source))
    assert len(merged) == count


@settings(max_examples=15)
@given(seed=st.integers(0, 999), count=st.integers(0, 60), summary=st.sampled_from(SUMMARIES), late=st.booleans())
def test_what_was_forgotten_might_never_have_come(seed: int, count: int, summary: str, late: bool) -> None:
    source = rows(seed, count)
    tables = grown(summary, np.arange(count), source)
    if late:
        tables.settle()
    kept = np.flatnonzero(source[0] != 1)
    assert same(tables.forget("hall"), grown(summary, kept, source))
    assert same(
        tables.merge(grown(summary, np.flatnonzero(source[0] == 1), source)), grown(summary, np.arange(count), source)
    )


def test_sums_outgrow_their_narrow_form_and_shrink_back() -> None:
    """70,000 codes at the end of the range add up to more than 32 bits hold."""
    many = np.ones((70_000, 1, 3), np.float32)
    few = HashTables(1, 3, "moments")
    few.add("b", np.arange(9), np.zeros((9, 4), np.float32), many[:9])
    tables = HashTables(1, 3, "moments").merge(few)
    tables.add("a", np.arange(len(many)), np.zeros((len(many), 4), np.float32), many)
    assert tables.state()[0]["total"].dtype == torch.int64
    assert tables.query(many[:1]).distance.item() == 0
    assert HashTables(1, 3, "moments").restore(*tables.state()).query(many[:1]).distance.item() == 0
    assert same(tables.forget("a"), few)
    assert few.state()[0]["total"].dtype == torch.int32


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_merge_leaves_the_other_index_as_it_was(summary: str) -> None:
    source = rows(1, 40)
    one, other = grown(summary, np.arange(20), source), grown(summary, np.arange(20, 40), source)
    before = {name: tensor.clone() for name, tensor in other.state()[0].items()}
    one.merge(other).forget("gate")
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state()[0].items())
