"""Horizontal bands of the picture, which have a network each: far and near things differ in size and detail."""

from __future__ import annotations

import numpy as np

from oddframe.models.source import ObservationSource
from oddframe.types import FloatArray, IntArray


def bands_of(boxes: FloatArray, height: int, bands: int) -> IntArray:
    """(N, 4) boxes -> (N,) the band that each one's vertical centre is in, 0 the highest of `bands` equal ones.

    >>> bands_of(np.array([[0, 0, 9, 20], [0, 50, 9, 200]], np.float32), height=240, bands=4)
    array([0, 2])
    """
    centres = (boxes[:, 1].astype(np.float64) + boxes[:, 3]) / 2
    found: IntArray = np.clip(np.floor(centres / height * bands), 0, bands - 1).astype(np.int64)
    return found


def rows_of_bands(data: ObservationSource, bands: int) -> list[IntArray]:
    """The numbers of each band's observations."""
    of = [bands_of(data.columns(info.id).box, info.height, bands) for info in data.videos()]
    whole = np.concatenate([np.zeros(0, np.int64), *of])
    return [np.flatnonzero(whole == band) for band in range(bands)]
