"""The arithmetic of exact neighbour search: fast candidates, exact distances, and a proof that none was missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from oddframe.types import FloatArray, IntArray

BATCH = 16
"""Queries searched together, always: many for throughput, few for the latency of a single one."""

_BLOCK = 16384
_SPARE = 8
_UNIT = 2.0**-24  # rounding unit of float32


def squared_distances(left: FloatArray, right: FloatArray) -> FloatArray:
    """(N,) squared Euclidean distances of rows to rows, by differences: exact near zero, where expansions cancel.

    >>> squared_distances(np.array([[3.0, 0.0]], np.float32), np.array([[0.0, 4.0]], np.float32)).tolist()
    [25.0]
    """
    difference = left - right
    squares: FloatArray = np.einsum("ij,ij->i", difference, difference)
    return squares


@dataclass(frozen=True, slots=True, eq=False)
class Haystack:
    """M vectors made ready to be searched.

    Args:
        vectors: (M, d) float32, contiguous.
        squares: (M,) squared lengths.
        longest: the largest length.
    """

    vectors: FloatArray
    squares: Tensor
    longest: float

    @classmethod
    def of(cls, vectors: FloatArray) -> Self:
        """Ready to be searched; the vectors are not copied."""
        squares = np.einsum("ij,ij->i", vectors, vectors)
        return cls(vectors, torch.from_numpy(squares), float(np.sqrt(squares.max(initial=0.0))))


def nearest(stored: Haystack, batch: FloatArray, places: slice, k: int) -> tuple[FloatArray, IntArray]:
    """Distances and row numbers of the k nearest of `stored`, for the batch's rows at `places`; nearest first.

    Candidates come from |x - y|^2 = |x|^2 - 2 x.y + |y|^2, one matrix product for the batch; their distances are
    then computed anew from differences. Where the product's rounding could have hidden a nearer row, all rows are
    compared by differences.
    """
    count = min(k + _SPARE, len(stored.vectors))
    approximate, rows = _candidates(stored, torch.from_numpy(batch), count)
    queries = batch[places]
    distance, row = _ranked(stored.vectors, queries, rows[places], k)
    if count < len(stored.vectors):
        doubtful = distance[:, -1] > approximate[places, -1] - _rounding(stored, queries)
        for number in np.flatnonzero(doubtful):
            distance[number], row[number] = _exhaustive(stored.vectors, queries[number], k)
    return np.sqrt(distance), row


def _candidates(stored: Haystack, batch: Tensor, count: int) -> tuple[FloatArray, IntArray]:
    """The `count` rows with the least squared distance up to rounding, nearest first: distances and numbers."""
    own = batch.square().sum(1, keepdim=True)
    best, numbers = torch.empty((len(batch), 0)), torch.empty((len(batch), 0), dtype=torch.int64)
    vectors = torch.from_numpy(stored.vectors)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        squares = torch.addmm(stored.squares[start : start + _BLOCK], batch, block.T, alpha=-2)
        value, row = squares.topk(min(count, len(block)), dim=1, largest=False)
        best, numbers = torch.cat([best, value], 1), torch.cat([numbers, row + start], 1)
    best, chosen = best.topk(count, dim=1, largest=False)
    return (best + own).numpy(), numbers.gather(1, chosen).numpy()


def _ranked(stored: FloatArray, queries: FloatArray, rows: IntArray, k: int) -> tuple[FloatArray, IntArray]:
    """The k nearest of each query's candidate rows, by differences; equal distances in row order."""
    n, count = rows.shape
    exact = squared_distances(stored[rows.reshape(-1)], np.repeat(queries, count, axis=0)).reshape(n, count)
    order = np.lexsort((rows, exact), axis=1)[:, :k]
    return np.take_along_axis(exact, order, 1), np.take_along_axis(rows, order, 1)


def _rounding(stored: Haystack, queries: FloatArray) -> FloatArray:
    """(N,) how far a squared distance from the expansion may be off: products summed in at least four lanes."""
    lengths = np.sqrt(np.einsum("ij,ij->i", queries, queries))
    bound: FloatArray = (_UNIT * (queries.shape[1] / 4 + 32) * (lengths + stored.longest) ** 2).astype(np.float32)
    return bound


def _exhaustive(stored: FloatArray, query: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
    """The k nearest of all rows to one query, by differences."""
    exact = np.concatenate(
        [squared_distances(stored[s : s + _BLOCK], query[None]) for s in range(0, len(stored), _BLOCK)]
    )
    order = np.argsort(exact, kind="stable")[:k]
    return exact[order], order.astype(np.int64)
