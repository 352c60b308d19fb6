"""A small bar that says how high a score is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from oddframe.report.palette import PAPER, QUIET, SPOT, rgb
from oddframe.report.panel import score_range
from oddframe.types import ImageArray, Timeline


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
        """The score of a frame, between all scores of its timeline and of those `beside` it."""
        return cls(float(timeline.scores[frame]), *score_range([timeline, *beside]), timeline.threshold)

    def share(self, value: float) -> float:
        """How far along the bar a value is, 0 to 1.

        >>> Gauge(score=3.0, low=1.0, high=5.0).share(3.0)
        0.5
        """
        if math.isnan(value):
            return 0.0
        return min(max((value - self.low) / ((self.high - self.low) or 1.0), 0.0), 1.0)


def draw_gauge(image: ImageArray, gauge: Gauge, *, left: int, top: int, width: int, height: int) -> None:
    """Draw the bar into an (H, W, 3) picture, in place: filled up to the score, with a notch at the threshold."""
    right, bottom = left + width - 1, top + height - 1
    cv2.rectangle(image, (left, top), (right, bottom), rgb(QUIET), cv2.FILLED)
    filled = round(gauge.share(gauge.score) * width)
    if filled:
        cv2.rectangle(image, (left, top), (left + filled - 1, bottom), rgb(SPOT), cv2.FILLED)
    if gauge.threshold is not None:
        notch = left + round(gauge.share(gauge.threshold) * (width - 1))
        over = max(height // 3, 2)
        cv2.rectangle(image, (notch, top - over), (notch + max(height // 6, 1), bottom + over), rgb(PAPER), cv2.FILLED)
