"""One wide picture that shows what oddframe does: odd moments, and the score curve that found them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from oddframe.draw.annotate import annotate_event
from oddframe.draw.joined import plot_joined
from oddframe.draw.marks import number_disc
from oddframe.draw.sheet import row_of
from oddframe.draw.stretches import Truth, kind_at, truth_of
from oddframe.errors import DataError
from oddframe.types import Event, ImageArray, Timeline


@dataclass(frozen=True, slots=True, eq=False)
class Highlight:
    """An event to show.

    Args:
        image: (H, W, 3) uint8 RGB, the frame at the event's peak.
        timeline: the video's.
        event: one of the timeline's.
        title: what it is; None takes its kind from ground truth.
    """

    image: ImageArray
    timeline: Timeline
    event: Event
    title: str | None = None


def hero(
    moments: Sequence[Highlight], timelines: Sequence[Timeline], truth: Truth | None = None, *, width: int = 1600
) -> ImageArray:
    """Frames of a few events side by side, numbered; below them the joined score curves with the same numbers.

    Args:
        moments: three or four look best.
        timelines: the videos of the curve, from left to right; those of the moments among them.
        truth: what is odd, by video: (F,) bool, or (first frame, one past the last, kind) runs.
        width: of the picture, in pixels.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no moments, one of a video that is not among the timelines, or truth that does not fit its video.
    """
    gap = max(width // 100, 1)
    cell = (width - gap * (len(moments) + 1)) // max(len(moments), 1)
    if not moments or cell < 1:
        raise DataError(f"{len(moments)} moments for {width} pixels; give one or more, and not too many to see")
    text = max(min(width // 76, cell // 12), 8)
    frames = [_numbered(_frame(moment, timelines, truth, cell, text), i, text) for i, moment in enumerate(moments, 1)]
    marks = [(moment.timeline.info.id, moment.event.peak) for moment in moments]
    curve = plot_joined(timelines, truth, marks=marks, width=width)
    return np.concatenate([row_of(frames, width, gap), np.full((gap, width, 3), 255, np.uint8), curve])


def _frame(moment: Highlight, timelines: Sequence[Timeline], truth: Truth | None, width: int, text: int) -> ImageArray:
    kind = kind_at(truth_of(moment.timeline, truth), moment.event.peak)
    title = moment.title if moment.title is not None else kind or moment.timeline.info.id
    return annotate_event(moment.image, moment.timeline, moment.event, title, beside=timelines, width=width, text=text)


def _numbered(image: ImageArray, number: int, text: int) -> ImageArray:
    picture = Image.fromarray(image)
    number_disc(picture, number, text)
    return np.array(picture)
