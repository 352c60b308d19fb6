"""Frames, and clips of them, with what is anomalous outlined and a line underneath that says what, when, how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from oddframe.draw.canvas import HAIR, INK, PAPER
from oddframe.draw.heat import overlay
from oddframe.draw.marks import Corners, Gauge, corners, draw_faint, draw_gauge, draw_strong, tag
from oddframe.draw.typeface import shortened, write
from oddframe.draw.typeface import width as text_width
from oddframe.errors import DataError
from oddframe.scoring import MapScale, anomaly_map
from oddframe.types import Event, FloatArray, Frame, ImageArray, Timeline, clock

AROUND, LONGEST = 1.0, 60.0
"""Seconds that a clip shows before and after an event; and how much of a longer event it shows, around the peak."""

SLACK = 1e-6
"""Seconds: a second at 25 fps are 25 frames, whatever binary fractions say."""

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
    """Outline boxes in a frame; title, time stamp and score bar stand below it if any of them is given.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        boxes: (N, 4) x0 y0 x1 y1 in pixels of `image`.
        labels: one per box, or none; written at the anomalous ones.
        odd: row numbers of the anomalous boxes; the others are outlined faintly. None = all are anomalous.
        title: a few words.
        time: seconds.
        gauge: how high the score is.
        width: of the picture, in pixels; None = the smallest whole multiple of the frame's width that is readable.
        text: size of the type, in pixels; None = according to the width.

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
    picture = Image.fromarray(enlarged(image, wide))
    places = corners(rows, (picture.width / image.shape[1], picture.height / image.shape[0]), picture.size)
    _outline(picture, places, {row: labels[row] if labels else "" for row in strong}, size)
    if title is None and time is None and gauge is None:
        return np.array(picture)
    return np.concatenate([np.array(picture), _footer(wide, size, title or "", time, gauge)])


def _outline(picture: Image.Image, places: Sequence[Corners | None], strong: Mapping[int, str], size: int) -> None:
    """Outline the boxes: those in `strong` with their labels, all others faintly."""
    line = max(round(size / 8), 2)
    draw_faint(picture, [place for row, place in enumerate(places) if place and row not in strong], line // 2)
    seen = [(place, label) for row, label in strong.items() if (place := places[row])]
    for place, _ in seen:
        draw_strong(picture, place, line)
    for place, label in seen:
        tag(picture, place, label, size, line)


def _check(rows: FloatArray, labels: Sequence[str], odd: Sequence[int]) -> None:
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise DataError(f"boxes of shape {rows.shape}; give x0 y0 x1 y1 of each, (N, 4)")
    if labels and len(labels) != len(rows):
        raise DataError(f"{len(labels)} labels for {len(rows)} boxes; give one each, or none")
    if not all(0 <= row < len(rows) for row in odd):
        raise DataError(f"anomalous boxes {list(odd)} of {len(rows)}; give row numbers from 0")


def enlarged(image: ImageArray, width: int) -> ImageArray:
    """Return a copy of the picture (H, W, 3), `width` pixels wide, in its own proportions."""
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
    strip = Image.new("RGB", (wide, high), INK)
    pad, level, right = size // 2, (high + 0.72 * size) / 2, wide - size // 2
    if gauge is not None:
        bar, thick = round(0.2 * wide), max(size // 2, 3)
        draw_gauge(strip, gauge, left=right - bar, top=(high - thick) // 2, width=bar, height=thick)
        right -= bar + size // 2
    if time is not None:
        stamp = clock(time)
        write(strip, stamp, (right, level), size, HAIR, anchor="right")
        right -= ceil(text_width(stamp, size)) + size // 2
    write(strip, shortened(title, right - pad, size, bold=True), (pad, level), size, PAPER, bold=True)
    return np.array(strip)


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
    """Annotate the frame at an event's peak: the event's box is outlined with its score, all others faintly.

    Args:
        image: (H, W, 3) uint8 RGB, the frame number `event.peak`; not changed.
        timeline: of the video, with the scored observations that the boxes are taken from.
        event: one of the timeline's.
        title: what it is; None = only the time is written.
        beside: other timelines whose scores the score bar spans too.
        heat: the scale of the anomaly map to lay over the frame; None = no map.
        width, text: as in `annotate`.

    Returns:
        (H', W', 3) uint8 RGB.
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


def annotate_frame(
    image: ImageArray, timeline: Timeline, frame: int, title: str | None = None, *, scale: MapScale | None = None
) -> ImageArray:
    """Annotate any frame of a timeline: boxes that score above the threshold are outlined strongly, others faintly.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        timeline: of the video.
        frame: its number.
        title: a few words.
        scale: of the anomaly map to lay over the frame; None = no map.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    boxes, score = seen_at(timeline, frame)
    if scale is not None:
        image = overlay(image, anomaly_map(timeline, frame, floor=scale.low), scale)
    odd = np.flatnonzero(score > timeline.threshold).tolist() if timeline.threshold is not None else []
    return annotate(
        image,
        boxes,
        labels=[f"{value:.3g}" for value in score],
        odd=odd,
        title=title,
        time=timeline.info.seconds(frame),
        gauge=Gauge.at(timeline, frame),
    )


def span_of(timeline: Timeline, event: Event) -> tuple[int, int]:
    """Return the first frame of an event's clip, and one past the last."""
    times = timeline.info.frame_times()
    start, stop = times.parts()[times.part[event.peak]]
    first = max(times.begin(event.start) - AROUND, times.begin(event.peak) - LONGEST / 2)
    last = min(times.end(event.end) + AROUND, times.begin(event.peak) + LONGEST / 2)
    inside = start + np.searchsorted(times.time[start:stop], [first - SLACK, last - SLACK])
    return int(inside[0]), max(int(inside[1]), event.peak + 1)


def event_clip(
    frames: Iterable[Frame], timeline: Timeline, event: Event, title: str | None = None, scale: MapScale | None = None
) -> Iterator[ImageArray]:
    """Draw the pictures of an event's clip, one at a time, for `write_video`.

    Args:
        frames: those of `span_of`, in order.
        timeline: of the video.
        event: one of the timeline's.
        title: a few words; None = the video's name and the event's identity.
        scale: of the anomaly map to lay over; None = no map.

    Returns:
        (H', W', 3) uint8 RGB each, all of one size.
    """
    named = title or f"{timeline.info.id}  {event.id}"
    for frame in frames:
        yield annotate_frame(frame.image, timeline, frame.index, named, scale=scale)


def seen_at(timeline: Timeline, frame: int) -> tuple[FloatArray, FloatArray]:
    """Return boxes and scores of what was observed in a frame.

    Of the observations that cover the frame only the nearest count, or one thing would have many boxes. Where an
    anomaly map has hot spots, these come instead of the whole that was mapped.

    Args:
        timeline: of the video.
        frame: its number.

    Returns:
        (N, 4) float32 x0 y0 x1 y1 in pixels, and (N,) float32 scores.
    """
    rows = timeline.scored.observations
    covers = np.flatnonzero((rows.span[:, 0] <= frame) & (frame < rows.span[:, 1]))
    away = np.abs(rows.frame[covers] - frame)
    nearest = covers[away == away.min(initial=np.iinfo(np.int64).max)]
    spots, score = timeline.scored.hot_spots, timeline.scored.score
    if spots is None:
        return rows.box[nearest], score[nearest]
    there = np.isin(spots.row, nearest)
    return spots.box[there], score[spots.row[there]]


def as_boxes(boxes: npt.ArrayLike) -> FloatArray:
    """Return boxes as (N, 4) float32, of which there may be none."""
    array = np.asarray(boxes, np.float32)
    return array.reshape(-1, 4) if array.size == 0 else array
