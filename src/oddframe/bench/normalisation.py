"""Scores of one video brought to one scale by themselves, which looks at the whole video."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from oddframe.types import BoolArray, FloatArray, Scored


def min_max(scores: FloatArray) -> FloatArray:
    """Scores mapped to 0 .. 1, NaN left alone; a video of equal scores becomes 0.

    >>> min_max(np.array([2, np.nan, 4, 3], np.float32))
    array([0. , nan, 1. , 0.5], dtype=float32)
    """
    if np.isnan(scores).all():
        return scores
    low, high = np.nanmin(scores), np.nanmax(scores)
    width = high - low
    scaled: FloatArray = (scores - low) / (width if width > 0 else np.float32(1))
    return scaled


def fused(scored: Scored, fusion: Mapping[str, float], counted: BoolArray) -> FloatArray:
    """(N,) the weighted sum of a video's parts, each mapped to 0 .. 1 before (paper LGN-Net, "anomaly score").

    A part with a weight below 0 counts the other way round: by the weight's size, times 1 less the part.

    Args:
        scored: the video's observations, with their parts.
        fusion: part -> weight.
        counted: (N,) the observations whose parts count as extremes; the others' scores mean nothing.
    """
    total = np.zeros(len(scored), np.float64)
    for name, weight in fusion.items():
        scaled = np.nan_to_num(min_max(np.where(counted, scored.parts[name], np.float32(np.nan)))).astype(np.float64)
        total += weight * scaled if weight >= 0 else -weight * (1 - scaled)
    return total.astype(np.float32)
