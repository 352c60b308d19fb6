"""From maps to boxes: what stands out in a picture that was judged as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from oddframe.types import FloatArray, MapRegions, Scored, VideoInfo

SMALLEST = 0.001
"""Share of a map that must be above the level, connected, to be a region: a single cell is noise."""


@dataclass(frozen=True, slots=True)
class MapUse:
    """What becomes of a model's maps.

    Args:
        level: what is higher stands out, see `map_level`; None = no regions are looked for.
        keep: whether the maps are kept too. One of 64 x 64 takes 16 kB, those of an hour at 25 frames a second 1.5 GB.
    """

    level: float | None = None
    keep: bool = False

    def of(self, scored: Scored, info: VideoInfo) -> Scored:
        """Scored observations with their regions, and with their maps only if these are to be kept.

        Regions depend on their own row alone, so it does not matter how rows come together. Observations of less than
        the frame are located by their boxes, and have none.
        """
        regions = scored.regions
        if scored.maps is not None and self.level is not None and _whole(scored, info):
            regions = find_regions(scored.maps, scored.observations.box, self.level)
        return replace(scored, maps=scored.maps if self.keep else None, regions=regions)


def map_peaks(scored: Scored) -> FloatArray | None:
    """(N,) the level from which on no map could hold a region: its n-th highest value, a region having n cells or more.

    None where the model gives no maps.
    """
    if scored.maps is None:
        return None
    flat = scored.maps.reshape(len(scored), math.prod(scored.maps.shape[1:]))
    last = flat.shape[1] - _least_cells(flat.shape[1])
    return np.partition(flat, last, axis=1)[:, last]


def map_level(peaks: Sequence[FloatArray]) -> float | None:
    """The median of the peaks of normal maps; None where there are none. So at least half of these hold no region.

    A figure of regions counts up to one false region a frame. So many normal maps must say what stands out most in
    them, and yet what is only as high as usual must not flow together into one region.

    >>> map_level([np.array([3, 1], np.float32), np.array([2], np.float32)])
    2.0
    """
    every = np.concatenate([np.zeros(0, np.float32), *peaks])
    return float(np.median(every)) if len(every) else None


def find_regions(maps: FloatArray, boxes: FloatArray, level: float) -> MapRegions:
    """The connected regions of maps (N, h, w) above a level, in pixels; `boxes` (N, 4) say what each map covers.

    >>> picture = np.zeros((1, 8, 8), np.float32)
    >>> picture[0, 2:4, 4:7] = 5
    >>> find_regions(picture, np.array([[0, 0, 80, 40]], np.float32), level=1).box.tolist()
    [[40.0, 10.0, 70.0, 20.0]]
    """
    found = [
        _regions_of(maps[row], boxes[row], row, level)
        for row in np.flatnonzero((maps > level).any(axis=(1, 2))).tolist()
    ]
    return MapRegions.concatenate(found, [0] * len(found))


def _regions_of(picture: FloatArray, box: FloatArray, row: int, level: float) -> MapRegions:
    above = picture > level
    # What a narrow gap parts belongs together: an outline whose inside was predicted well, the wheels of a bicycle.
    wider = np.pad(above.astype(np.uint8), 1)  # or the edge of the map would count as one side of a gap
    closed = np.ascontiguousarray(cv2.morphologyEx(wider, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))[1:-1, 1:-1])
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    peaks, cells = np.full(count, -np.inf, np.float32), np.bincount(labels[above], minlength=count)
    np.maximum.at(peaks, labels.ravel().astype(np.intp), picture.ravel())
    large = 1 + np.flatnonzero(cells[1:] >= _least_cells(picture.size))
    x, y, width, height = stats[large, :4].T
    edges = np.stack([x, y, x + width, y + height], axis=1) / np.tile(picture.shape[::-1], 2)  # shares of the box
    corner, size = np.tile(box[:2], 2), np.tile(box[2:] - box[:2], 2)
    places = np.clip(corner + edges * size, corner, np.tile(box[2:], 2))
    return MapRegions(np.full(len(large), row), places.astype(np.float32), peaks[large])


def _least_cells(cells: int) -> int:
    return math.ceil(SMALLEST * cells)


def _whole(scored: Scored, info: VideoInfo) -> bool:
    return bool((scored.observations.box == np.array([0, 0, info.width, info.height], np.float32)).all())
