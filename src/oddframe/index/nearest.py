"""Exact neighbour search, by faiss."""

from __future__ import annotations

import numpy as np

from oddframe.index.slots import slots
from oddframe.types import FloatArray, IntArray

BATCH = 16
"""Queries searched together, always. Under 20, faiss compares by differences, which are exact near zero; from 20 on
it expands squares, which cancel there."""


def squared_distances(left: FloatArray, right: FloatArray) -> FloatArray:
    """(N,) squared Euclidean distances of rows to rows.

    >>> squared_distances(np.array([[3.0, 0.0]], np.float32), np.array([[0.0, 4.0]], np.float32)).tolist()
    [25.0]
    """
    difference = left - right
    squares: FloatArray = np.einsum("ij,ij->i", difference, difference)
    return squares


def nearest(stored: FloatArray, batch: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
    """Distances and row numbers of the k nearest of `stored` (M, d) to each row of `batch` (BATCH, d), nearest first.

    >>> nearest(np.array([[1.0], [5.0]], np.float32), np.full((BATCH, 1), 4.5, np.float32), k=1)[0][0].tolist()
    [0.5]
    """
    import faiss  # noqa: PLC0415  # slow to import, and not needed by those who only read or save

    squares, rows = faiss.knn(np.ascontiguousarray(batch), stored, k)
    return np.sqrt(squares), rows.astype(np.int64)


def nearest_rows(stored: FloatArray, vectors: FloatArray, k: int, start: int = 0) -> tuple[FloatArray, IntArray]:
    """`nearest` of any number of vectors: (N, k) distances and row numbers, the same bits however they were cut.

    Args:
        stored: (M, d) float32, M >= k.
        vectors: (N, d) float32, consecutive rows of one video.
        k: how many, >= 1.
        start: the number within its video of the first one; see `slots`.
    """
    distance, row = np.zeros((len(vectors), k), np.float32), np.zeros((len(vectors), k), np.int64)
    for slot in slots(len(vectors), start, BATCH):
        batch = np.zeros((BATCH, stored.shape[1]), np.float32)
        batch[slot.places] = vectors[slot.rows]
        found = nearest(stored, batch, k)
        distance[slot.rows], row[slot.rows] = found[0][slot.places], found[1][slot.places]
    return distance, row
