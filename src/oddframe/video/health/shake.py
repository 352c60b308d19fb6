"""Whether a camera shakes: the picture as a whole goes to and fro."""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction

import cv2
import numpy as np

from oddframe.types import FloatArray, ImageArray

SIZE = (128, 96)
"""Width and height of the copy in which displacement is measured."""

LAG = 0.04
"""Seconds, about, between two pictures that are compared."""

SPAN = 0.6
"""Seconds over which displacements are added up."""

_SURE = 0.1  # peak of the phase correlation; under it pictures have too little in common for a displacement


class Shaking:
    """Adds up how far the whole picture goes, and whether it comes back.

    A lorry that fills the picture and a camera that turns go one way; a pole in the wind comes back.

    Args:
        fps: of the video.
        least: mean displacement between two compared pictures, as a share of the picture's width, that is shaking.
    """

    def __init__(self, fps: Fraction, least: float) -> None:
        self._lag = max(1, round(LAG * fps))
        self._least = least * SIZE[0]
        self._recent: deque[FloatArray] = deque(maxlen=self._lag)
        self._moves: deque[tuple[float, float]] = deque(maxlen=max(3, math.ceil(SPAN * fps)))
        self._window = cv2.createHanningWindow(SIZE, cv2.CV_32F)

    def push(self, small: ImageArray) -> bool:
        """Whether the camera shakes by now; `small` is the copy that `small_grey` gives."""
        picture = np.asarray(cv2.resize(small, SIZE, interpolation=cv2.INTER_AREA), np.float32)
        if len(self._recent) == self._lag:
            (across, down), sure = cv2.phaseCorrelate(self._recent[0], picture, self._window)
            self._moves.append((across, down) if sure >= _SURE else (0.0, 0.0))
        self._recent.append(picture)
        if len(self._moves) < 3:
            return False
        moves = np.array(self._moves)
        far = float(np.hypot(moves[:, 0], moves[:, 1]).sum())
        return far >= self._least * (self._moves.maxlen or 1) and float(np.hypot(*moves.sum(axis=0))) <= far / 2

    def forget(self) -> None:
        """The picture shows nothing: it cannot be compared with those before."""
        self._recent.clear()
        self._moves.clear()
