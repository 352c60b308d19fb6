"""Events as clips: what happens, with boxes, the anomaly map and a score bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from oddframe.draw.annotate import annotate, seen_at
from oddframe.draw.heat import overlay
from oddframe.draw.marks import Gauge
from oddframe.scoring import MapScale, anomaly_map
from oddframe.types import Event, Frame, ImageArray, Timeline

AROUND, LONGEST = 1.0, 60.0
"""Seconds: what is shown before and after an event, and of one that lasts longer, so much round its peak."""


def annotate_frame(
    image: ImageArray, timeline: Timeline, frame: int, title: str | None = None, *, scale: MapScale | None = None
) -> ImageArray:
    """Any frame of a timeline: what is seen in it, outlined strongly where it scores above the threshold.

    Args:
        image: (H, W, 3) uint8 RGB.
        timeline: the video's.
        frame: its number.
        title: a few words.
        scale: of the anomaly map to lay over the frame; None lays none.
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
    """The first frame of an event's clip, and one past the last."""
    fps, frames = float(timeline.info.fps), len(timeline.scores)
    around, half = round(AROUND * fps), round(LONGEST / 2 * fps)
    first = max(event.start - around, event.peak - half, 0)
    return first, max(min(event.end + around, event.peak + half, frames), event.peak + 1)


def event_clip(
    frames: Iterable[Frame], timeline: Timeline, event: Event, title: str | None = None, scale: MapScale | None = None
) -> Iterator[ImageArray]:
    """The pictures of an event's clip, one at a time, for `write_video`.

    Args:
        frames: those of `span_of`, in order.
        timeline, event: whose they are.
        title: a few words; None says which event it is.
        scale: of the anomaly map to lay over; None lays none.
    """
    named = title or f"{timeline.info.id}  {event.id}"
    for frame in frames:
        yield annotate_frame(frame.image, timeline, frame.index, named, scale=scale)
