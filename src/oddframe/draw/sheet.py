"""Many pictures on one sheet: a grid of them, or the wide picture of anomalous moments over their score curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from oddframe.draw.annotate import annotate_event, enlarged
from oddframe.draw.canvas import INK, PAPER
from oddframe.draw.joined import plot_joined
from oddframe.draw.marks import number_disc
from oddframe.draw.stretches import Truth, kind_at, truth_of
from oddframe.draw.typeface import shortened, write
from oddframe.errors import DataError
from oddframe.types import Event, ImageArray, Timeline


def contact_sheet(
    images: Sequence[ImageArray],
    columns: int,
    titles: Sequence[str] | None = None,
    *,
    width: int = 1600,
    gap: int = 16,
) -> ImageArray:
    """Lay pictures out row by row on white, all brought to the same width.

    Args:
        images: (H, W, 3) uint8 RGB each, of any sizes.
        columns: pictures in a row, at least 1.
        titles: written over the pictures, one each.
        width: of the sheet, in pixels.
        gap: between pictures and around them, in pixels.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no pictures, not as many titles as pictures, or too many columns for the width.
    """
    if not images or (titles is not None and len(titles) != len(images)):
        raise DataError(f"{len(images)} pictures with {len(titles or ())} titles; give at least one, and a title each")
    cell = (width - gap * (columns + 1)) // columns if columns >= 1 else 0
    if cell < 1:
        raise DataError(f"{columns} columns do not fit into {width} pixels; ask for 1 or more, and fewer than {width}")
    size = max(width // 80, 10)
    cells = [_titled(enlarged(image, cell), titles[i] if titles else None, size) for i, image in enumerate(images)]
    rows = [row_of(cells[i : i + columns], width, gap) for i in range(0, len(cells), columns)]
    return np.concatenate([*rows, np.full((gap, width, 3), 255, np.uint8)])


def row_of(cells: Sequence[ImageArray], width: int, gap: int) -> ImageArray:
    """Lay pictures side by side on white, with their lower edges on one line.

    Args:
        cells: (H, W, 3) uint8 RGB each.
        width: of the row, in pixels.
        gap: between the pictures, to their left and over them, in pixels.

    Returns:
        (H', width, 3) uint8 RGB.
    """
    row = np.full((gap + max(len(cell) for cell in cells), width, 3), 255, np.uint8)
    left = gap
    for cell in cells:
        row[len(row) - len(cell) :, left : left + cell.shape[1]] = cell
        left += cell.shape[1] + gap
    return row


def _titled(image: ImageArray, title: str | None, size: int) -> ImageArray:
    if title is None:
        return image
    head = Image.new("RGB", (image.shape[1], round(1.6 * size)), PAPER)
    write(head, shortened(title, head.width, size, bold=True), (0, 1.1 * size), size, INK, bold=True)
    return np.concatenate([np.array(head), image])


@dataclass(frozen=True, slots=True, eq=False)
class Highlight:
    """An event that the wide picture shows.

    Args:
        image: (H, W, 3) uint8 RGB, the frame at the event's peak.
        timeline: of the video.
        event: one of the timeline's.
        title: what it is; None = its kind according to the ground truth, or else the video's name.
    """

    image: ImageArray
    timeline: Timeline
    event: Event
    title: str | None = None


def hero(
    moments: Sequence[Highlight], timelines: Sequence[Timeline], truth: Truth | None = None, *, width: int = 1600
) -> ImageArray:
    """Draw the wide picture: numbered frames of a few events, and below them the score curves with the same numbers.

    Args:
        moments: three or four look best.
        timelines: the videos of the curve, from left to right; those of the moments among them.
        truth: the anomalous frames of each video: (F,) bool, or (first frame, one past the last, kind) runs.
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
