"""Exact neighbour search: among long vectors by products and differences, among short ones by a k-d tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.types import FloatArray, IntArray

_QUERIES, _CELLS = 512, 1 << 21  # asked together, and bounds found in one go: they stay in the processor's memory

NARROW = 16
"""Values up to which a tree pays. Beyond, it visits nearly everything, and one by one."""


class WideSearch:
    """Finds the nearest of M stored vectors of any length.

    |x|^2 - 2 xq + |q|^2 is as fast as a processor gets, but cancels near zero. Here it only bounds distances from
    below, by as much as its rounding can be off; rows that may be among the nearest are compared by differences, pair
    by pair. So a query's answer is the same to the bit whatever is asked with it, and the same as by comparing with
    every row.

    Args:
        stored: (M, d) float32, M >= 1; not copied.

    >>> WideSearch(np.array([[1.0], [5.0]], np.float32))(np.array([[4.5]], np.float32), k=1)[0].tolist()
    [[0.5]]
    """

    def __init__(self, stored: FloatArray) -> None:
        self._stored = np.ascontiguousarray(stored)
        self._tensor = torch.from_numpy(self._stored)
        self._slack = _slack(stored.shape[1])
        self._length = torch.from_numpy(_squares(self._stored)).mul_(1 - self._slack)

    def __call__(self, vectors: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
        """(N, k) distances and numbers of the k <= M rows nearest to each of N vectors, by distance, then by number."""
        distance, row = np.zeros((len(vectors), k), np.float32), np.zeros((len(vectors), k), np.int64)
        for start in range(0, len(vectors), _QUERIES):
            some = slice(start, start + _QUERIES)
            with np.errstate(invalid="ignore", over="ignore"):  # where squares are infinite, no row is ruled out
                found = self._nearest(np.ascontiguousarray(vectors[some], np.float32), k)
            distance[some] = np.sqrt(found.square).reshape(-1, k)
            row[some] = found.row.reshape(-1, k)
        return distance, row

    def _nearest(self, queries: FloatArray, k: int) -> _Pairs:
        """The k nearest rows of each of some queries, query by query."""
        asked = torch.from_numpy(queries)
        length = _squares(queries).astype(np.float64) * (1 - self._slack)
        best, worst = _Pairs.none(), np.full(len(queries), np.inf)
        step = max(1, _CELLS // len(queries))
        for start in range(0, len(self._stored), step):
            some = slice(start, start + step)
            # (N, m) bounds from below of squared distances, less each query's own square.
            bound = torch.addmm(self._length[some], asked, self._tensor[some].T, alpha=-2)
            if bound.shape[1] >= k:
                worst = np.minimum(worst, self._kth(queries, bound, k, start))
            near = ~(bound > torch.from_numpy((worst - length).astype(np.float32))[:, None])  # what is no number, too
            query, row = (part.numpy() for part in near.nonzero(as_tuple=True))
            best = best.joined(self._pairs(queries, query, row + start)).least(k)
            full = np.bincount(best.query, minlength=len(queries)) == k
            worst[full] = np.maximum.reduceat(best.square, np.searchsorted(best.query, np.flatnonzero(full)))
        return best

    def _kth(self, queries: FloatArray, bound: Tensor, k: int, start: int) -> npt.NDArray[np.float64]:
        """(N,) squared distances within which each query has k rows: those that look the nearest."""
        row = bound.topk(k, dim=1, largest=False, sorted=False).indices.numpy().reshape(-1) + start
        found = self._pairs(queries, np.repeat(np.arange(len(queries)), k), row)
        worst: npt.NDArray[np.float64] = found.square.reshape(-1, k).max(axis=1).astype(np.float64)
        return worst

    def _pairs(self, queries: FloatArray, query: IntArray, row: IntArray) -> _Pairs:
        return _Pairs(query, row, squared_distances(queries, query, self._stored, row))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """P pairs of a query and a stored row: their numbers and squared distance."""

    query: IntArray
    row: IntArray
    square: FloatArray

    @classmethod
    def none(cls) -> _Pairs:
        """No pairs."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))

    def joined(self, more: _Pairs) -> _Pairs:
        """These and more."""
        return _Pairs(
            np.concatenate([self.query, more.query]),
            np.concatenate([self.row, more.row]),
            np.concatenate([self.square, more.square]),
        )

    def least(self, k: int) -> _Pairs:
        """The k nearest of each query, in order."""
        order = np.lexsort((self.row, self.square, self.query))
        query = self.query[order]
        kept = order[np.arange(len(order)) - np.searchsorted(query, query) < k]
        return _Pairs(self.query[kept], self.row[kept], self.square[kept])


def squared_distances(left: FloatArray, rows: IntArray, right: FloatArray, others: IntArray) -> FloatArray:
    """(P,) float32 squared Euclidean distances of pairs of rows, by differences.

    faiss computes them; its sums depend on nothing but the pair.

    Args:
        left, right: (N, d) and (M, d) float32.
        rows, others: (P,) numbers of rows in `left` and in `right`.

    >>> squared_distances(np.eye(2, dtype=np.float32), np.array([0, 1]), np.eye(2, dtype=np.float32), np.array([0, 0]))
    array([0., 2.], dtype=float32)
    """
    faiss, squares = _faiss(), np.zeros(len(rows), np.float32)
    vectors = [np.ascontiguousarray(part, np.float32) for part in (left, right)]
    numbers = [np.ascontiguousarray(part, np.int64) for part in (rows, others)]
    x, ix, y, iy, out = (faiss.swig_ptr(part) for part in (vectors[0], numbers[0], vectors[1], numbers[1], squares))
    faiss.pairwise_indexed_L2sqr(left.shape[1], len(rows), x, ix, y, iy, out)
    return squares


def _squares(vectors: FloatArray) -> FloatArray:
    """(N,) squared lengths of (N, d) contiguous vectors."""
    faiss, squares = _faiss(), np.zeros(len(vectors), np.float32)
    faiss.fvec_norms_L2sqr(faiss.swig_ptr(squares), faiss.swig_ptr(vectors), vectors.shape[1], len(vectors))
    return squares


def _faiss() -> Any:
    import faiss  # noqa: PLC0415  # slow to import, and not needed by those who only read or save

    return faiss


def _slack(values: int) -> float:
    """By which share of |x|^2 + |q|^2 rounding can put a bound over the distance that differences give.

    With g = d u (u = 2^-24) for sums of d rounded products (Higham 2002, section 3.1), it is g |x|^2 for the length,
    2 g |x| |q| for the product, and g |x - q|^2 for the differences: no more than 4 g (|x|^2 + |q|^2).
    """
    return 6 * (values + 16) * 2.0**-24


class NarrowSearch:
    """Finds the nearest of M stored vectors of at most `NARROW` values, without comparing most of them.

    Distances are computed in float64, and each query is asked on its own, so its answer is the same to the bit whatever
    is asked with it. The vectors are copied.

    Args:
        stored: (M, d) float32, M >= 1.

    >>> NarrowSearch(np.array([[1.0], [5.0]], np.float32))(np.array([[4.5]], np.float32), k=1)[0].tolist()
    [[0.5]]
    """

    def __init__(self, stored: FloatArray) -> None:
        from scipy.spatial import cKDTree  # noqa: PLC0415  slow to import, and not needed by those who only save

        self._tree = cKDTree(stored)

    def __call__(self, vectors: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
        """(N, k) distances and row numbers of the k <= M nearest of each of N vectors, nearest first."""
        if not len(vectors):
            return np.zeros((0, k), np.float32), np.zeros((0, k), np.int64)
        distance, row = self._tree.query(vectors, k=np.arange(1, k + 1))
        return distance.astype(np.float32), row.astype(np.int64)
