"""The motion boxes of the paper: wherever flow is larger than a number."""

from __future__ import annotations

import cv2
import numpy as np

from oddframe.errors import SettingsError
from oddframe.observers.foreground import boxes as rules
from oddframe.observers.foreground.base import Foreground, ForegroundStream
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.types import FloatArray, VideoInfo


class FlowThreshold(Foreground):
    """Boxes around outer contours of flow above a threshold, as paper LBR-SPR takes them (3.2).

    All of it counts in pixels of the source and from frame to frame, as the paper does, so it means something else at
    another resolution or frame rate; `motion` does not. The paper's flow is FlowNet2's.

    Args:
        magnitude: squared pixels that a pixel must have moved in a frame at the nominal rate.
        smallest: a box has more pixels than the square of this (paper: 10 for Ped1 and Ped2, 40 for Avenue, 30 for
            ShanghaiTech).
        slimmest: the longer side is less than this many times the shorter one.
        margin: pixels added on all sides, and around what a detector found before motion is looked for.
        short_side: pixels of the shorter side at which motion is looked for; None = those of the source.

    Raises:
        SettingsError: a value out of range.
    """

    name = "flow-threshold"

    def __init__(
        self,
        *,
        magnitude: float = 1.0,
        smallest: float = 10.0,
        slimmest: float = 10.0,
        margin: int = 2,
        short_side: int | None = None,
    ) -> None:
        if min(magnitude, smallest, margin) < 0 or slimmest < 1 or (short_side is not None and short_side < 1):
            raise SettingsError(
                "flow-threshold: magnitude, smallest and margin are 0 or more, slimmest and short_side 1 or more"
            )
        self.magnitude, self.smallest, self.slimmest = magnitude, smallest, slimmest
        self.margin, self.short_side = margin, short_side

    def behind(self, video: VideoInfo) -> int:
        return 1

    def least_area(self, pixels: int) -> float:
        return self.smallest**2

    def open(self, video: VideoInfo) -> ForegroundStream:
        return _Contours(self)


class _Contours(ForegroundStream):
    def __init__(self, foreground: FlowThreshold) -> None:
        self._rule = foreground

    def boxes(self, recent: RecentFlow, known: FloatArray) -> FloatArray:
        flow, rule = recent.flow(1), self._rule
        if flow is None:
            return rules.NONE
        mask = np.square(flow).sum(axis=2) > rule.magnitude * recent.elapsed(1) ** 2  # (h, w)
        rules.erase(mask, known, rule.margin)
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        corners = np.array([cv2.boundingRect(c) for c in contours], np.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        found = rules.sizeable(corners, rule.smallest**2, rule.slimmest)
        height, width = mask.shape
        return rules.widened(found, rule.margin, width, height)
