"""Frames with what is odd in them outlined, and underneath a line that says what, when and how much.

Boxes on frames: thin outlines that stand out from dark ground and from light.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.draw.canvas import HAIR, INK, PAPER, SPOT, rgb
from oddframe.draw.clock import clock
from oddframe.draw.heat import overlay
from oddframe.draw.panel import Gauge, draw_gauge
from oddframe.draw.typeface import legible, shortened, width, write
from oddframe.draw.typeface import width as text_width
from oddframe.errors import DataError
from oddframe.scoring import MapScale, anomaly_map
from oddframe.types import Event, FloatArray, ImageArray, Timeline

READABLE = 640
"""Narrower frames are enlarged to at least this many pixels, or words would hide what they are about."""


def annotate(
    image: ImageArray,
    boxes: npt.ArrayLike = (),
    *,
    labels: Sequence[str] = (),
    odd: Sequence[int] | None = None,
    title: str | None = None,
    time: float | None = None,
    gauge: Gauge | None = None,
    width: int | None = None,
    text: int | None = None,
) -> ImageArray:
    """A frame with boxes outlined; below it, if any of them is given, title, time stamp and score bar.

    Args:
        image: (H, W, 3) uint8 RGB; left as it is.
        boxes: (N, 4) x0 y0 x1 y1 in pixels of `image`.
        labels: one per box, or none; written at those that are odd.
        odd: the rows of `boxes` that stand out, the others are faint; None lets all stand out.
        title: a few words.
        time: seconds.
        gauge: how high the score is.
        width: of the picture, in pixels; None takes the smallest whole multiple of the frame's that is readable.
        text: size of the type, in pixels; None follows the width.

    Returns:
        (H', width, 3) uint8 RGB.

    Raises:
        DataError: boxes that are not (N, 4), or labels or rows that do not fit them.
    """
    rows = as_boxes(boxes)
    strong = range(len(rows)) if odd is None else odd
    _check(rows, labels, strong)
    wide = width or image.shape[1] * ceil(READABLE / image.shape[1])
    size = text or max(round(wide / 36), 8)
    canvas = enlarged(image, wide)
    scale = (canvas.shape[1] / image.shape[1], canvas.shape[0] / image.shape[0])
    places, line = corners(rows, scale, canvas), max(size // 8, 1)
    draw_faint(canvas, [place for row, place in enumerate(places) if place and row not in strong], max(line // 2, 1))
    seen = [(place, labels[row] if labels else "") for row in strong if (place := places[row])]
    for place, _ in seen:
        draw_strong(canvas, place, line)
    for place, label in seen:
        tag(canvas, place, label, size)
    if title is None and time is None and gauge is None:
        return canvas
    return np.concatenate([canvas, _footer(wide, size, title or "", time, gauge)])


def _check(rows: FloatArray, labels: Sequence[str], odd: Sequence[int]) -> None:
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise DataError(f"boxes of shape {rows.shape}; give x0 y0 x1 y1 of each, (N, 4)")
    if labels and len(labels) != len(rows):
        raise DataError(f"{len(labels)} labels for {len(rows)} boxes; give one each, or none")
    if not all(0 <= row < len(rows) for row in odd):
        raise DataError(f"odd boxes {list(odd)} of {len(rows)}; give row numbers from 0")


def enlarged(image: ImageArray, width: int) -> ImageArray:
    """A copy of the picture, `width` pixels wide, in its own proportions."""
    high, wide = image.shape[:2]
    if width == wide:
        return image.copy()
    how = cv2.INTER_AREA if width < wide else cv2.INTER_CUBIC
    return cv2.resize(image, (width, max(round(high * width / wide), 1)), interpolation=how).astype(
        np.uint8, copy=False
    )


def _footer(wide: int, size: int, title: str, time: float | None, gauge: Gauge | None) -> ImageArray:
    """The dark line under a frame; of even height, as video codecs like it."""
    high = 2 * round(0.95 * size)
    strip = np.full((high, wide, 3), rgb(INK), np.uint8)
    pad, level, right = size // 2, (high + 0.72 * size) / 2, wide - size // 2
    if gauge is not None:
        bar, thick = round(0.2 * wide), max(size // 2, 3)
        draw_gauge(strip, gauge, left=right - bar, top=(high - thick) // 2, width=bar, height=thick)
        right -= bar + size // 2
    if time is not None:
        stamp = clock(time)
        write(strip, stamp, (right, level), size, rgb(HAIR), anchor="right")
        right -= round(text_width(stamp, size)) + size // 2
    write(strip, shortened(title, right - pad, size, bold=True), (pad, level), size, rgb(PAPER), bold=True)
    return strip


def annotate_event(
    image: ImageArray,
    timeline: Timeline,
    event: Event,
    title: str | None = None,
    *,
    beside: Sequence[Timeline] = (),
    heat: MapScale | None = None,
    width: int | None = None,
    text: int | None = None,
) -> ImageArray:
    """The frame at an event's peak: its oddest box stands out with its score, what else was seen there is faint.

    Args:
        image: (H, W, 3) uint8 RGB, the frame number `event.peak`.
        timeline: the video's, with the scored observations that the boxes are taken from.
        event: one of the timeline's.
        title: what it is; None says only when.
        beside: other timelines whose scores the score bar spans too.
        heat: the scale of the anomaly map to lay over the frame; None lays none.
        width, text: as in `annotate`.
    """
    boxes, score = seen_at(timeline, event.peak)
    if heat is not None:
        image = overlay(image, anomaly_map(timeline, event.peak, floor=heat.low), heat)
    if event.box is None:
        odd: list[int] = []
    else:
        same = np.flatnonzero((boxes == np.array(event.box, np.float32)).all(axis=1))
        score = np.append(np.delete(score, same), score[same].max(initial=-np.inf) if len(same) else event.score)
        boxes = np.concatenate([np.delete(boxes, same, axis=0), np.array([event.box], np.float32)])
        odd = [len(boxes) - 1]
    return annotate(
        image,
        boxes,
        labels=[f"{value:.3g}" for value in score],
        odd=odd,
        title=title,
        time=event.peak_time,
        gauge=Gauge.at(timeline, event.peak, beside),
        width=width,
        text=text,
    )


def seen_at(timeline: Timeline, frame: int) -> tuple[FloatArray, FloatArray]:
    """Boxes and scores of the observations that cover a frame: only of those nearest to it, or one thing has many.

    What stands out in a map comes instead of the whole that was mapped.
    """
    rows = timeline.scored.observations
    covers = np.flatnonzero((rows.span[:, 0] <= frame) & (frame < rows.span[:, 1]))
    away = np.abs(rows.frame[covers] - frame)
    nearest = covers[away == away.min(initial=np.iinfo(np.int64).max)]
    regions, score = timeline.scored.regions, timeline.scored.score
    if regions is None:
        return rows.box[nearest], score[nearest]
    there = np.isin(regions.row, nearest)
    return regions.box[there], score[regions.row[there]]


Corners: TypeAlias = tuple[int, int, int, int]
"""x0 y0 x1 y1 of the first and last pixels of an outline."""


def corners(boxes: FloatArray, scale: tuple[float, float], image: ImageArray) -> list[Corners | None]:
    """Where boxes (N, 4), multiplied by `scale`, have their outlines in a picture; None where one lies outside it."""
    high, wide = image.shape[:2]
    grown = np.rint(boxes.astype(np.float64) * np.array([*scale, *scale]))
    seen = (
        np.isfinite(grown).all(axis=1)
        & (grown[:, 0] < wide)
        & (grown[:, 1] < high)
        & (grown[:, 2] > 0)
        & (grown[:, 3] > 0)
    )
    last = grown - [0, 0, 1, 1]  # x1 and y1 are one past the last pixel
    held = np.clip(np.nan_to_num(last), 0, [wide - 1, high - 1] * 2).astype(int)
    return [tuple(row) if there else None for row, there in zip(held.tolist(), seen, strict=True)]


def draw_faint(image: ImageArray, places: list[Corners], line: int) -> None:
    """Outline what does not matter, in place: white, half transparent."""
    if not places:
        return
    over = image.copy()
    for x0, y0, x1, y1 in places:
        cv2.rectangle(over, (x0, y0), (x1, y1), rgb(INK), line + 2)
    for x0, y0, x1, y1 in places:
        cv2.rectangle(over, (x0, y0), (x1, y1), rgb(PAPER), line)
    cv2.addWeighted(over, 0.5, image, 0.5, 0, dst=image)


def draw_strong(image: ImageArray, place: Corners, line: int) -> None:
    """Outline what is odd, in place: orange between two dark lines."""
    x0, y0, x1, y1 = place
    cv2.rectangle(image, (x0, y0), (x1, y1), rgb(INK), line + 2)
    cv2.rectangle(image, (x0, y0), (x1, y1), rgb(SPOT), line)


def tag(image: ImageArray, place: Corners, label: str, size: int) -> None:
    """Write a label on an orange ground, in place: over the box, or inside it where there is no room over it."""
    x0, y0, _, _ = place
    pad = max(size // 4, 2)
    label = shortened(legible(label), image.shape[1] - 2 * pad, size, bold=True)
    if not label:
        return
    wide, high = round(width(label, size, bold=True)) + 2 * pad, round(1.15 * size) + pad
    left = min(max(x0 - 1, 0), max(image.shape[1] - wide, 0))
    top = y0 - high if y0 >= high else y0
    cv2.rectangle(image, (left, top), (left + wide - 1, top + high - 1), rgb(SPOT), cv2.FILLED)
    write(image, label, (left + pad, top + high - pad - 0.1 * size), size, rgb(INK), bold=True)


def as_boxes(boxes: npt.ArrayLike) -> FloatArray:
    """(N, 4) float32, of none or more boxes."""
    array = np.asarray(boxes, np.float32)
    return array.reshape(-1, 4) if array.size == 0 else array
