"""Which points of a score curve to draw."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.types import FloatArray, IntArray

Points: TypeAlias = npt.NDArray[np.float64]


def outline(scores: FloatArray, columns: int) -> tuple[Points, Points]:
    """Frame positions and scores to draw: all of them, or of a long video each column's lowest and highest.

    A day of video has millions of frames, a picture a thousand columns; a peak of one frame still shows. A column
    is a gap only where it has no score at all.

    >>> outline(np.array([3, 1, 2, 9, 0, 0, 0, 5], np.float32), columns=1)
    (array([4., 4.]), array([0., 9.]))
    """
    exact = scores.astype(np.float64)
    if len(scores) <= 4 * columns:
        return np.arange(len(scores), dtype=np.float64) + 0.5, exact
    edges = np.linspace(0, len(scores), columns + 1).astype(np.int64)
    low, high = np.fmin.reduceat(exact, edges[:-1]), np.fmax.reduceat(exact, edges[:-1])
    middles: Points = (edges[:-1] + edges[1:]) / 2
    return np.repeat(middles, 2), np.stack([low, high], axis=1).ravel()


def alone(score: Points) -> IntArray:
    """The places of scores between two gaps, of which a line would show nothing.

    >>> alone(np.array([1.0, np.nan, 1.0, 1.0, np.nan, 1.0]))
    array([0, 5])
    """
    there = np.isfinite(np.concatenate([[np.nan], score, [np.nan]]))
    return np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
