"""Anomaly maps, one definition for all detectors: source pixels, the unit of scores; and the boxes that stand out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from oddframe.errors import SettingsError
from oddframe.scoring.smoothing import Smoothing
from oddframe.types import FloatArray, HotSpots, IntArray, Scored, Timeline, VideoInfo

BRIEFLY = Smoothing("average", 0.2)
"""A box that comes and goes from frame to frame would flicker; a fifth of a second is shorter than any event."""


@dataclass(frozen=True, slots=True)
class MapScale:
    """What the values of maps mean, the same in all frames and videos of a detector.

    Args:
        low: as odd as a frame with nothing in it.
        threshold: where odd begins.
        high: as far above the threshold as `low` is below it; what is higher looks alike.
    """

    low: float
    threshold: float
    high: float

    @classmethod
    def of(cls, floor: float, threshold: float | None, highest: float | None = None) -> MapScale:
        """The scale that a calibration fixes; without a threshold, half way to the highest score stands in for one.

        >>> MapScale.of(floor=1.0, threshold=3.0)
        MapScale(low=1.0, threshold=3.0, high=5.0)
        """
        # Scores are float32: what they cannot tell apart is one value.
        low, known, top = (None if v is None else float(np.float32(v)) for v in (floor, threshold, highest))
        assert low is not None
        top = low + 1 if top is None or not top > low else top
        middle = (low + top) / 2 if known is None or not known > low else known
        return cls(low, middle, 2 * middle - low)

    def share(self, values: FloatArray) -> FloatArray:
        """0 at `low`, 0.5 at the threshold, 1 at `high` and beyond; NaN stays NaN."""
        shares = (values.astype(np.float64) - self.low) / (self.high - self.low)
        return np.clip(shares, 0, 1).astype(np.float32)


def frame_map(scored: Scored, info: VideoInfo, frame: int, *, floor: float) -> FloatArray:
    """What the observations that cover one frame say of its pixels: (H, W) float32, NaN where there are none.

    Each observation paints its box with its score, and where boxes overlap the higher score counts. Of a model that
    sees pixels the map itself is painted, from the score where it is highest down to the floor where it is 0; where
    maps were not kept, the hot spots that stand out in them. So the maximum is always the score of the frame's oddest
    observation (unless its box lies outside the picture), and maps of all detectors are read by their thresholds.

    Args:
        scored: a video's observations.
        info: the video.
        frame: which frame.
        floor: the score of a frame with nothing in it.
    """
    canvas = np.full((info.height, info.width), np.nan, np.float32)
    for row in _covering(scored, frame).tolist():
        for box, values in _paint(scored, row, floor):
            _put(canvas, box, values)
    return canvas


def anomaly_map(timeline: Timeline, frame: int, *, floor: float, smoothing: Smoothing = BRIEFLY) -> FloatArray:
    """The anomaly map of a frame, smoothed over time: (H, W) float32, NaN where nothing was seen near that time.

    In a frame of the window in which nothing is seen at a pixel, the pixel counts as the floor.

    Args:
        timeline: of the video.
        frame: which frame, from 0.
        floor: the score of a frame with nothing in it (`Calibration.floor`).
        smoothing: a centred or causal mean over the frames around; its kind "none" gives `frame_map`.

    Raises:
        SettingsError: there is no such frame.
    """
    frames = len(timeline.scores)
    if not 0 <= frame < frames:
        raise SettingsError(f"{timeline.info.id}: no frame {frame} to map; there are {frames}, from 0")
    total = np.zeros((timeline.info.height, timeline.info.width), np.float64)
    seen, weights = np.zeros(total.shape, np.bool_), 0.0
    info = timeline.info
    for other, weight in smoothing.near(frame, float(info.fps), frames, info.times):
        one = frame_map(timeline.scored, timeline.info, other, floor=floor)
        seen |= np.isfinite(one)
        total += weight * np.where(np.isfinite(one), one, floor)
        weights += weight
    return np.where(seen, total / weights, np.nan).astype(np.float32)


def _covering(scored: Scored, frame: int) -> IntArray:
    span = scored.observations.span
    return np.flatnonzero((span[:, 0] <= frame) & (frame < span[:, 1]))


def _paint(scored: Scored, row: int, floor: float) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Boxes, and what is painted into each: one value, or a grid of them."""
    box, score = scored.observations.box[row], scored.score[row]
    spots = scored.hot_spots
    if scored.maps is not None and scored.maps[row].max(initial=0) > 0 and score > floor:
        yield box, _between(floor, score, np.maximum(scored.maps[row], 0) / scored.maps[row].max())
    elif scored.maps is None and spots is not None and len(spots.row[spots.of(row)]):
        highest = spots.score[spots.of(row)]
        level = np.clip(highest / highest.max(), 0, 1) if highest.max() > 0 else np.ones_like(highest)
        values = _between(min(floor, float(score)), score, level)
        yield from zip(spots.box[spots.of(row)], values[:, None, None], strict=True)
    else:
        yield box, np.full((1, 1), score, np.float32)


def _between(floor: float, score: np.float32, share: FloatArray) -> FloatArray:
    return np.asarray(score - (score - np.float32(floor)) * (1 - share), np.float32)  # exactly the score at 1


def _put(canvas: FloatArray, box: FloatArray, values: FloatArray) -> None:
    """The values, spread over a box, into the canvas where they are higher than what is there."""
    high, wide = canvas.shape
    if not np.isfinite(box).all():
        return
    left, top = np.floor(box[:2]).astype(int).tolist()
    right, bottom = np.maximum(np.ceil(box[2:]).astype(int), [left + 1, top + 1]).tolist()
    inside = slice(max(top, 0), min(bottom, high)), slice(max(left, 0), min(right, wide))
    if inside[0].start >= inside[0].stop or inside[1].start >= inside[1].stop:
        return
    if values.size == 1:
        canvas[inside] = np.fmax(canvas[inside], values[0, 0])
        return
    size = right - left, bottom - top
    spread = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)
    part = spread[inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left]
    canvas[inside] = np.fmax(canvas[inside], _stretched(part, float(values.min()), float(values.max())))


def _stretched(part: FloatArray, low: float, high: float) -> FloatArray:
    """Values from `low` on, stretched up to `high`: a peak may be smaller than a pixel, or out of sight."""
    reached = float(part.max())
    if reached <= low:
        return np.full_like(part, high)
    stretched = high - (reached - part) * ((high - low) / (reached - low))
    return np.asarray(np.where(part == reached, high, stretched), np.float32)


SMALLEST = 0.001
"""Share of a map that must be above the level, connected, to be a hot spot: a single cell is noise."""


@dataclass(frozen=True, slots=True)
class MapUse:
    """What becomes of a model's maps.

    Args:
        level: what is higher stands out, see `map_level`; None = no hot spots are looked for.
        keep: whether the maps are kept too. One of 64 x 64 takes 16 kB, those of an hour at 25 frames a second 1.5 GB.
    """

    level: float | None = None
    keep: bool = False

    def of(self, scored: Scored, info: VideoInfo) -> Scored:
        """Scored observations with their hot spots, and with their maps only if these are to be kept.

        Hot spots depend on their own row alone, so it does not matter how rows come together. Observations of less than
        the frame are located by their boxes, and have none.
        """
        spots = scored.hot_spots
        if scored.maps is not None and self.level is not None and _whole(scored, info):
            spots = find_hot_spots(scored.maps, scored.observations.box, self.level)
        return replace(scored, maps=scored.maps if self.keep else None, hot_spots=spots)


def map_peaks(scored: Scored) -> FloatArray | None:
    """(N,) the level from which on no map could hold a hot spot: the n-th highest value, n being a spot's least cells.

    None where the model gives no maps.
    """
    if scored.maps is None:
        return None
    flat = scored.maps.reshape(len(scored), math.prod(scored.maps.shape[1:]))
    last = flat.shape[1] - _least_cells(flat.shape[1])
    return np.partition(flat, last, axis=1)[:, last]


def map_level(peaks: Sequence[FloatArray]) -> float | None:
    """The median of the peaks of normal maps; None where there are none. So at least half of these hold no hot spot.

    A figure of regions counts up to one false region a frame. So many normal maps must say what stands out most in
    them, and yet what is only as high as usual must not flow together into one hot spot.

    >>> map_level([np.array([3, 1], np.float32), np.array([2], np.float32)])
    2.0
    """
    every = np.concatenate([np.zeros(0, np.float32), *peaks])
    return float(np.median(every)) if len(every) else None


def find_hot_spots(maps: FloatArray, boxes: FloatArray, level: float) -> HotSpots:
    """Find the hot spots of maps: connected cells above a level.

    Args:
        maps: (N, h, w).
        boxes: (N, 4) x0 y0 x1 y1 in pixels of the source frame, what each map covers.
        level: what is higher stands out.

    >>> picture = np.zeros((1, 8, 8), np.float32)
    >>> picture[0, 2:4, 4:7] = 5
    >>> find_hot_spots(picture, np.array([[0, 0, 80, 40]], np.float32), level=1).box.tolist()
    [[40.0, 10.0, 70.0, 20.0]]
    """
    found = [
        _hot_spots_of(maps[row], boxes[row], row, level)
        for row in np.flatnonzero((maps > level).any(axis=(1, 2))).tolist()
    ]
    return HotSpots.concatenate(found, [0] * len(found))


def _hot_spots_of(picture: FloatArray, box: FloatArray, row: int, level: float) -> HotSpots:
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
    return HotSpots(np.full(len(large), row), places.astype(np.float32), peaks[large])


def _least_cells(cells: int) -> int:
    return math.ceil(SMALLEST * cells)


def _whole(scored: Scored, info: VideoInfo) -> bool:
    return bool((scored.observations.box == np.array([0, 0, info.width, info.height], np.float32)).all())
