"""Distances to buckets: exact, the same in any company, and in bounded memory however large a bucket is."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from oddframe.errors import DataError, NotFitted, SpecError
from oddframe.index import code_buckets
from oddframe.index.code_buckets import CodeDistances
from oddframe.index.hash_tables import SUMMARIES, HashTables
from oddframe.index.mean_buckets import CodeMoments
from oddframe.types import FloatArray


def tables(codes: FloatArray, summary: str = "all", probe: int = 0) -> HashTables:
    """Tables over codes of one video."""
    made = HashTables(codes.shape[1], codes.shape[2], summary, probe)
    made.add("gate", np.arange(len(codes)), np.zeros((len(codes), 4), np.float32), codes)
    return made


def crowd(count: int, bits: int, seed: int = 0) -> FloatArray:
    """(count, 1, bits) codes, all of one bucket."""
    return np.random.default_rng(seed).uniform(0.5, 1, (count, 1, bits)).astype(np.float32)


@settings(max_examples=30)
@given(seed=st.integers(0, 9999), count=st.integers(1, 50), bits=st.integers(1, 63), tight=st.booleans())
def test_moments_are_exact_and_never_under_the_mean_distance(seed: int, count: int, bits: int, tight: bool) -> None:
    random = np.random.default_rng(seed)
    scale = 3 * 2.0**-16 if tight else 0.1  # a bucket of all but equal codes, where squares nearly cancel
    stored = np.clip(0.75 + random.normal(scale=scale, size=(count, 1, bits)), 0.5, 1).astype(np.float32)
    asked = np.clip(0.75 + random.normal(scale=scale, size=(9, 1, bits)), 0.5, 1).astype(np.float32)
    steps, wanted = (np.minimum(np.floor(codes * 2.0**16), 2.0**16 - 1) for codes in (stored, asked))
    exact = np.sqrt(((wanted - steps[:, 0]) ** 2).sum(-1).mean(1)) / 2**16
    found = tables(stored, "moments").query(asked).distance[:, 0]
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-6)
    assert (found >= tables(stored).query(asked).distance[:, 0] - 1e-6).all()


@given(values=st.lists(st.lists(st.integers(-32768, 32767), min_size=3, max_size=3), min_size=1, max_size=9))
def test_spreads_are_centred_in_whole_numbers(values: list[list[int]]) -> None:
    codes = torch.tensor(values)
    found = CodeMoments.of(torch.tensor([len(codes)]), codes.sum(0)[None], codes.square().sum()[None])
    means = [Fraction(int(total), len(codes)) for total in codes.sum(0)]
    exact = sum((Fraction(v) - m) ** 2 for row in values for v, m in zip(row, means, strict=True)) / len(codes)
    assert found.spread is not None
    assert found.spread.item() == pytest.approx(float(exact), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("bits", [3, 32, 63])
def test_products_and_differences_agree_to_the_bit(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it may depend on a bucket's crowd which of them is used."""
    index, asked = tables(crowd(700, bits)), crowd(40, bits, seed=1)
    found = []
    for many in (1, 1 << 40):
        monkeypatch.setattr(code_buckets, "_MANY", many)
        monkeypatch.setattr(code_buckets, "_CROWDED", many)
        found.append(index.query(asked).distance)
    assert np.array_equal(found[0], found[1])
    exact = np.linalg.norm(crowd(700, bits)[:, 0] - asked.astype(np.float64), axis=2).mean(1)
    np.testing.assert_allclose(found[0][:, 0], exact, atol=2.0**-15 * math.sqrt(bits))


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_row_answers_alike_alone_and_in_company(summary: str) -> None:
    random = np.random.default_rng(5)
    stored, asked = (random.uniform(0.3, 0.7, (count, 3, 4)).astype(np.float32) for count in (3000, 200))
    asked[50:60] = asked[3]  # equal codes, which are asked once
    index = tables(stored, summary, probe=1)
    whole = index.query(asked).distance
    assert np.array_equal(np.concatenate([index.query(row[None]).distance for row in asked]), whole)
    assert np.array_equal(index.query(asked[::-1]).distance[::-1], whole)


def test_only_equal_codes_are_taken_for_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    index, asked = tables(crowd(50, 5)), crowd(30, 5, seed=1)
    asked[7] = asked[2]
    expected, rows = index.query(asked).distance, []
    plain = CodeDistances.pooled

    def counted(distances: CodeDistances, queries: Tensor, row: Tensor, bucket: Tensor) -> Tensor:
        rows.append(len(row))
        return plain(distances, queries, row, bucket)

    monkeypatch.setattr(CodeDistances, "pooled", counted)
    assert np.array_equal(index.query(asked).distance, expected)
    monkeypatch.setattr(code_buckets, "_weights", lambda count: torch.zeros(count, dtype=torch.float64))
    assert np.array_equal(index.query(asked).distance, expected)
    assert rows == [29, 30 if not np.array_equal(asked[7], asked[0]) else 29]


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watches how many bytes the largest tensor takes that any operation makes."""

    bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor) and not func.is_view:
            self.bytes = max(self.bytes, made.nbytes)
        return made


def test_a_bucket_of_forty_thousand_codes_takes_no_more_memory_than_a_small_one() -> None:
    index, asked = tables(crowd(40_000, 8)), crowd(200, 8, seed=1)
    index.query(asked[:1])
    with Largest() as watched:  # type: ignore[no-untyped-call]
        found = index.query(asked).distance
    assert 0 < watched.bytes < 3 << 20  # all at once: 200 x 40,000 numbers, 64 MB in float64
    exact = np.linalg.norm(crowd(40_000, 8)[:, 0] - asked[:3].astype(np.float64), axis=2).mean(1)
    np.testing.assert_allclose(found[:3, 0], exact, atol=1e-4)


def test_what_cannot_be_asked_or_added_is_refused() -> None:
    index = HashTables(1, 5)
    with pytest.raises(NotFitted, match="empty"):
        index.query(crowd(2, 5))
    for wrong in (crowd(2, 4), crowd(2, 5)[0], np.zeros((2, 2, 5), np.float32)):
        with pytest.raises(SpecError, match="1 tables of 5 bits"):
            index.query(wrong)
        with pytest.raises(SpecError):
            index.add("gate", np.arange(2), np.zeros((2, 4), np.float32), wrong)
    for value in (np.nan, np.inf, -0.1, 1.1):
        damaged = crowd(3, 5)
        damaged[1, 0, 2] = value
        with pytest.raises(DataError, match=r"gate.*frame 71"):
            index.add("gate", np.array([70, 71, 72]), np.zeros((3, 4), np.float32), damaged)
        with pytest.raises(DataError):
            tables(crowd(9, 5)).query(damaged)
    assert len(index) == 0
