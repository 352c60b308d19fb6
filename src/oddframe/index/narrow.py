"""Exact neighbour search among short vectors, by a k-d tree."""

from __future__ import annotations

import numpy as np

from oddframe.types import FloatArray, IntArray

NARROW = 16
"""Values up to which a tree pays. Beyond, it visits nearly everything, and one by one."""


class NarrowSearch:
    """The nearest of M stored vectors of at most `NARROW` values, without asking most of them.

    Distances are taken in float64, and each query is asked on its own, so its answer is the same to the bit whatever is
    asked with it. Copies what it is given.

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
