"""What is painted onto frames: outlines of boxes, labels, numbers in discs, and a bar that says how high a score is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from oddframe.draw.canvas import INK, PAPER, QUIET, SPOT, rgb
from oddframe.draw.panel import score_range
from oddframe.draw.typeface import legible, shortened, width, write
from oddframe.types import FloatArray, Timeline

Corners: TypeAlias = tuple[int, int, int, int]
"""x0 y0 x1 y1 of the first and last pixels of an outline."""

SOFT = 160
"""Of 255: how much of an outline that does not matter covers what is under it."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A score between the lowest and the highest that there are.

    Args:
        score: the score shown; NaN where there is none.
        low, high: the ends of the bar.
        threshold: shown as a notch; None where there is none.
    """

    score: float
    low: float
    high: float
    threshold: float | None = None

    @classmethod
    def at(cls, timeline: Timeline, frame: int, beside: Sequence[Timeline] = ()) -> Gauge:
        """Take the score of a frame, between the extremes of all scores.

        Args:
            timeline: of the frame's video.
            frame: its number.
            beside: other timelines whose scores the bar spans too.
        """
        return cls(float(timeline.scores[frame]), *score_range([timeline, *beside]), timeline.threshold)

    def share(self, value: float) -> float:
        """Return how far along the bar a value is, 0 to 1; 0 for NaN.

        >>> Gauge(score=3.0, low=1.0, high=5.0).share(3.0)
        0.5
        """
        if math.isnan(value):
            return 0.0
        return min(max((value - self.low) / ((self.high - self.low) or 1.0), 0.0), 1.0)


def draw_gauge(picture: Image.Image, gauge: Gauge, *, left: int, top: int, width: int, height: int) -> None:
    """Draw the bar of a score: filled up to the score, with a notch at the threshold. Places are in pixels."""
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left, top, left + width - 1, top + height - 1), fill=QUIET)
    if filled := round(gauge.share(gauge.score) * width):
        pen.rectangle((left, top, left + filled - 1, top + height - 1), fill=SPOT)
    if gauge.threshold is not None:
        thick, over = max(height // 4, 2), max(height // 3, 2)
        notch = left + round(gauge.share(gauge.threshold) * (width - thick))
        pen.rectangle((notch, top - over, notch + thick - 1, top + height - 1 + over), fill=PAPER)


def corners(boxes: FloatArray, scale: tuple[float, float], size: tuple[int, int]) -> list[Corners | None]:
    """Return where boxes have their outlines in a picture.

    Args:
        boxes: (N, 4) x0 y0 x1 y1 in pixels of the source frame.
        scale: picture pixels a source pixel, across and down.
        size: width and height of the picture.

    Returns:
        Per box the pixels of its outline, cut at the picture's edges; None where a box lies outside the picture.
    """
    grown = np.rint(boxes.astype(np.float64) * np.array([*scale, *scale]))
    seen = np.isfinite(grown).all(axis=1) & (grown[:, :2] < size).all(axis=1) & (grown[:, 2:] > 0).all(axis=1)
    last = grown - [0, 0, 1, 1]  # x1 and y1 are one past the last pixel
    held = np.clip(np.nan_to_num(last), 0, [size[0] - 1, size[1] - 1] * 2).astype(int)
    return [tuple(row) if there else None for row, there in zip(held.tolist(), seen, strict=True)]


def draw_faint(picture: Image.Image, places: Iterable[Corners], line: int) -> None:
    """Outline what does not matter: white between two dark lines, half transparent.

    Args:
        picture: RGB, changed.
        places: from `corners`.
        line: pixels that the white line is wide.
    """
    over = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    kept = list(places)
    for place in kept:
        _outline(over, place, line + 2, (*rgb(INK), SOFT))
    for place in kept:
        _outline(over, place, line, (*rgb(PAPER), SOFT))
    picture.paste(over, mask=over)


def draw_strong(picture: Image.Image, place: Corners, line: int) -> None:
    """Outline what is anomalous: an orange line, `line` pixels wide, between two dark ones."""
    _outline(picture, place, line + 2, rgb(INK))
    _outline(picture, place, line, rgb(SPOT))


def tag(picture: Image.Image, place: Corners, label: str, size: int, line: int) -> None:
    """Write a label on an orange ground: over the box, or inside it where there is no room over it.

    Args:
        picture: RGB, changed.
        place: the box's outline.
        label: nothing is drawn where it is empty, or where not even its beginning fits into the picture.
        size: of the type, in pixels.
        line: pixels that the outline is wide.
    """
    x0, y0, _, _ = place
    pad, limit = max(size // 4, 2), picture.width
    label = shortened(legible(label), limit - 2 * pad, size, bold=True)
    if not label.strip():
        return
    wide, high, reach = math.ceil(width(label, size, bold=True)) + 2 * pad, round(1.15 * size) + pad, line // 2 + 1
    left = min(max(x0 - reach, 0), max(limit - wide, 0))
    top = y0 - reach - high if y0 - reach >= high else max(y0 - reach, 0)
    ImageDraw.Draw(picture).rectangle((left, top, left + wide - 1, top + high - 1), fill=SPOT)
    write(picture, label, (left + pad, top + high - pad - 0.1 * size), size, INK, bold=True)


def number_disc(picture: Image.Image, number: int, size: int) -> None:
    """Write a number in a dark disc with a white rim into the upper left corner of a picture.

    Args:
        picture: RGB, changed.
        number: one or two digits.
        size: of the type, in pixels.
    """
    radius, corner = round(0.8 * size), size // 3 - 2
    middle = corner + radius + 2
    for grown, colour in ((2, PAPER), (0, INK)):
        across = 2 * (radius + grown) + 1
        mask = Image.new("L", (4 * across, 4 * across))
        ImageDraw.Draw(mask).ellipse((0, 0, 4 * across - 1, 4 * across - 1), fill=255)
        place = middle - radius - grown
        picture.paste(colour, (place, place), mask.resize((across, across), Image.Resampling.BOX))
    write(picture, str(number), (middle, middle + 0.37 * size), size, PAPER, bold=True, anchor="middle")


def _outline(picture: Image.Image, place: Corners, line: int, colour: tuple[int, ...]) -> None:
    """A line of so many pixels over the outline; at the picture's edge it moves inside, so that all of it is seen."""
    x0, y0, x1, y1 = place
    grow = line // 2
    left, top = max(x0 - grow, 0), max(y0 - grow, 0)
    right, bottom = min(x1 + grow, picture.width - 1), min(y1 + grow, picture.height - 1)
    ImageDraw.Draw(picture).rectangle((left, top, right, bottom), outline=colour, width=line)
