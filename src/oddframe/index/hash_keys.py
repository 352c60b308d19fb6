"""Keys of hash tables: sign bits packed into integers, and the buckets nearest to a key in bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oddframe.types import FloatArray, IntArray

MOST_BITS = 63  # keys are int64 and never negative
_CELLS = 1 << 21  # key pairs compared at once: 16 MiB


def pack(codes: FloatArray) -> IntArray:
    """(..., r) codes in (0, 1) -> (...) keys: bit i is set where value i is at least 0.5 (paper LLSH, eq. 3).

    >>> pack(np.array([[0.9, 0.1, 0.5], [0.2, 0.3, 0.4]], np.float32)).tolist()
    [5, 0]
    """
    weights = np.int64(1) << np.arange(codes.shape[-1], dtype=np.int64)
    keys: IntArray = np.where(codes >= 0.5, weights, np.int64(0)).sum(axis=-1, dtype=np.int64)
    return keys


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """The buckets that N queries of one table look into: P pairs, by query, then by bucket.

    Args:
        query: (P,) which query.
        bucket: (P,) which of the table's sorted keys.
        flips: (N,) bits between a query's key and its buckets' keys; -1 where it found none.
    """

    query: IntArray
    bucket: IntArray
    flips: IntArray


def probe(table: IntArray, keys: IntArray, radius: int) -> Probed:
    """For each key the bucket of that very key; else all buckets at the least Hamming distance, up to `radius`.

    Args:
        table: (U,) the keys of the non-empty buckets, ascending.
        keys: (N,) to be looked up.
        radius: most bits that may differ; 0 = the very key only.

    >>> found = probe(np.array([0b000, 0b011, 0b101]), np.array([0b011, 0b111]), radius=1)
    >>> found.query.tolist(), found.bucket.tolist(), found.flips.tolist()
    ([0, 1, 1], [1, 1, 2], [0, 1])
    """
    flips = np.full(len(keys), -1, np.int64)
    if not len(table):
        return Probed(np.zeros(0, np.int64), np.zeros(0, np.int64), flips)
    bucket = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    hit = table[bucket] == keys
    flips[hit] = 0
    query, bucket = np.flatnonzero(hit), bucket[hit]
    if radius > 0 and len(query) < len(keys):
        missing = np.flatnonzero(~hit)
        row, near, bits = _nearest_keys(table, keys[missing], radius)
        flips[missing[row]] = bits
        query, bucket = np.concatenate([query, missing[row]]), np.concatenate([bucket, near])
        order = np.argsort(query, kind="stable")
        query, bucket = query[order], bucket[order]
    return Probed(query, bucket, flips)


def _nearest_keys(table: IntArray, keys: IntArray, radius: int) -> tuple[IntArray, IntArray, IntArray]:
    """(row of `keys`, number in `table`, bits between) of every nearest pair within the radius, by row."""
    rows, buckets, bits = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    step = max(1, _CELLS // len(table))
    for start in range(0, len(keys), step):
        distance = np.bitwise_count(keys[start : start + step, None] ^ table)
        least = distance.min(axis=1, keepdims=True)
        row, bucket = np.nonzero((distance == least) & (least <= radius))
        rows.append(row + start)
        buckets.append(bucket)
        bits.append(least[row, 0].astype(np.int64))
    return np.concatenate(rows), np.concatenate(buckets), np.concatenate(bits)
