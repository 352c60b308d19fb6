"""How far apart normal observations are from each other, and how rarely farther: what makes distances comparable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from oddframe.index.wide import squared_distances
from oddframe.types import BoolArray, FloatArray, IntArray

LEAST = 1e-3
"""Least scale, in standard deviations: data that repeat exactly must not turn rounding into scores."""

STEEPEST = 16.0
"""Greatest tail: steeper ones are told from few distances, and would turn noise into certainty."""

_ROWS = 64


def normal_distances(
    vectors: FloatArray,
    video: IntArray,
    time: npt.NDArray[np.float64],
    *,
    k: int,
    sample: int,
    gap: float,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Distances from normal observations to their k nearest in *other* videos.

    Neighbours within the same video are often the same thing a frame later, and say nothing about the distance to
    be expected in a new video. Where only one video has observations, those at least `gap` seconds away stand in
    for other videos; where there are none of these either, all but the observation itself.

    Args:
        vectors: (M, d) float32.
        video: (M,) whose they are.
        time: (M,) seconds since the video's first frame.
        k: the distance is the mean over this many neighbours.
        sample: at most this many observations are asked, drawn without replacement.
        gap: seconds.
        seed: of the draw.

    Returns:
        (n,) distances; none for a single observation.
    """
    drawn = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:sample])
    single = len(np.unique(video)) < 2
    found = [np.zeros(0)]
    for start in range(0, len(drawn), _ROWS):
        rows = drawn[start : start + _ROWS]
        apart = np.abs(time[rows, None] - time) >= gap if single else video[rows, None] != video
        alone = ~apart.any(axis=1)
        apart[alone] = rows[alone, None] != np.arange(len(vectors))
        found.append(_mean_distances(vectors, rows, apart, k))
    return np.concatenate(found)


def normal_scale(distances: npt.NDArray[np.float64], quantile: float) -> float:
    """A quantile of distances between normal observations, at least `LEAST`; 1 where there are none."""
    return max(LEAST, float(np.quantile(distances, quantile))) if len(distances) else 1.0


def normal_tail(distances: npt.NDArray[np.float64], scale: float) -> float:
    """How fast distances between normal observations get rare beyond the scale: as distance ** -tail.

    Hill's estimator, within 1 .. `STEEPEST`; 1 where nothing lies beyond. Distances of many values lie close together,
    so that one a quarter above the scale is rare; distances of two or three do not, and it is nothing.

    >>> round(normal_tail(np.arange(1.0, 1000.0) ** -0.25, 0.5), 1)
    4.1
    """
    beyond = distances[distances > scale]
    if not len(beyond):
        return 1.0
    return float(np.clip(1 / np.log(beyond / scale).mean(), 1, STEEPEST))


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
