"""What scoring costs: the counts behind it against brute force, and the paper's formulas against its own figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.index.hash_tables import HashTables
from oddframe.types import BoolArray, FloatArray


def drawn(count: int, tables: int, bits: int, seed: int) -> FloatArray:
    """Codes of few distinct keys, so that buckets are shared."""
    codes = np.random.default_rng(seed).random((count, tables, bits), np.float32)
    codes[..., 2:] *= 0.6
    return codes


def filled(codes: FloatArray, summary: str, probe: int) -> HashTables:
    """Tables that hold these codes, which came from two videos."""
    tables = HashTables(codes.shape[1], codes.shape[2], summary, probe)
    for video, part in zip("ab", np.array_split(codes, 2), strict=True):
        tables.add(video, np.arange(len(part)), np.zeros((len(part), 4), np.float32), part)
    return tables


def met(stored: FloatArray, codes: FloatArray, probe: int) -> BoolArray:
    """(N, M, b) which stored codes each query meets, by the definition: the nearest by sign bits, within `probe`."""
    apart = ((codes >= 0.5)[:, None] != (stored >= 0.5)).sum(axis=-1)
    found: BoolArray = (apart == apart.min(axis=1, keepdims=True)) & (apart <= probe)
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), bits=st.integers(1, 12), probe=st.integers(0, 3), count=st.integers(1, 60))
def test_compared_counts_the_codes_that_queries_meet(seed: int, bits: int, probe: int, count: int) -> None:
    stored, codes = drawn(count, 3, bits, seed), drawn(20, 3, bits, seed + 1000)
    expected = met(stored, codes, probe).sum(axis=1)
    assert np.array_equal(filled(stored, "all", probe).compared(codes), expected)
    assert np.array_equal(filled(stored, "mean", probe).compared(codes), expected > 0)


@pytest.mark.parametrize("summary", ["all", "mean"])
def test_occupied_counts_distinct_keys_of_every_table(summary: str) -> None:
    stored = drawn(200, 4, 6, seed=0)
    expected = sum(len(np.unique(stored[:, table] >= 0.5, axis=0)) for table in range(4))
    assert filled(stored, summary, 0).occupied() == expected


@pytest.mark.parametrize("summary", ["all", "mean"])
def test_empty_tables_compare_with_nothing(summary: str) -> None:
    tables = HashTables(2, 4, summary, probe=4)
    assert tables.compared(drawn(3, 2, 4, seed=0)).tolist() == [[0, 0]] * 3
    assert tables.occupied() == 0
