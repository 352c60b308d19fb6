"""The normal scale: how far apart normal observations are, the unit in which distances become comparable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from oddframe.index.exact import squared_distances
from oddframe.types import BoolArray, FloatArray, IntArray

LEAST = 1e-3
"""Least scale, in standard deviations: data that repeat exactly must not turn rounding into scores."""

_ROWS = 64


def normal_scale(
    vectors: FloatArray,
    video: IntArray,
    time: npt.NDArray[np.float64],
    *,
    k: int,
    sample: int,
    gap: float,
    quantile: float,
    seed: int,
) -> float:
    """The normal scale: a quantile of the distances from normal observations to their k nearest ones in *other* videos.

    Neighbours within the same video are often the same thing a frame later, and say nothing about the distance to
    expect in a new video. Where only one video has observations, those at least `gap` seconds away stand in for other
    videos; where there are none of these either, all but the observation itself.

    Args:
        vectors: (M, d) float32.
        video: (M,) number of the video that each comes from.
        time: (M,) seconds since that video's first frame.
        k: the distance is the mean over this many neighbours.
        sample: at most this many observations are measured, drawn without replacement.
        gap: seconds.
        quantile: 0 .. 1.
        seed: of the draw.

    Returns:
        The scale, at least `LEAST`; 1 for a single observation.
    """
    drawn = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:sample])
    single = len(np.unique(video)) < 2
    found = []
    for start in range(0, len(drawn), _ROWS):
        rows = drawn[start : start + _ROWS]
        apart = np.abs(time[rows, None] - time) >= gap if single else video[rows, None] != video
        alone = ~apart.any(axis=1)
        apart[alone] = rows[alone, None] != np.arange(len(vectors))
        found.append(_mean_distances(vectors, rows, apart, k))
    distances = np.concatenate(found)
    return max(LEAST, float(np.quantile(distances, quantile))) if len(distances) else 1.0


def _mean_distances(vectors: FloatArray, rows: IntArray, allowed: BoolArray, k: int) -> npt.NDArray[np.float64]:
    """For each row that may be compared with any, the mean distance to its k nearest allowed ones."""
    stored = torch.from_numpy(vectors)
    apart = torch.cdist(stored[torch.from_numpy(rows)], stored).masked_fill_(torch.from_numpy(~allowed), torch.inf)
    value, nearest = (part.numpy() for part in apart.topk(min(k, len(vectors)), dim=1, largest=False))
    usable = np.isfinite(value)
    exact = squared_distances(vectors, np.repeat(rows, nearest.shape[1]), vectors, nearest.reshape(-1))
    distance = np.sqrt(exact.astype(np.float64)).reshape(value.shape)
    some = usable.any(axis=1)
    mean: npt.NDArray[np.float64] = np.where(usable, distance, 0.0)[some].sum(1) / usable[some].sum(1)
    return mean
