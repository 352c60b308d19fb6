"""Whether a picture has been seen before, as the pictures of a frozen camera are again and again."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from oddframe.types import FloatArray, ImageArray

CELLS = (32, 24)
"""Columns and rows of the averages by which pictures are compared."""

_MOST = 0.8  # of the pictures since the last change must repeat an earlier one exactly

_LINES = 4  # every so many lines of a picture tell it from others; a clock's digits are higher


class Repeats:
    """Tells pictures that repeat an earlier one.

    An encoder draws a frozen picture a little differently in each frame of a group, and then, in the next group, just
    so again. A scene that lives never shows the same picture twice, for its noise is new each time.

    Args:
        recalled: for how many pictures one is remembered; as long as a group of pictures at least.
        flicker: grey levels by which the averages of `CELLS` may differ in what repeats: a light that blinks is alive.
        recent: over how many pictures it is told whether most repeat an earlier one; then the few between them, which
            an encoder has only refined, count as well.
    """

    def __init__(self, recalled: int, flicker: float, recent: int) -> None:
        self._flicker = flicker
        self._exact: deque[bool] = deque(maxlen=recent)
        self._order: deque[tuple[int, int]] = deque(maxlen=recalled)
        self._known: set[tuple[int, int]] = set()
        self._last: tuple[int, int] | None = None
        self._steady: FloatArray | None = None

    def push(self, image: ImageArray, small: ImageArray) -> bool:
        """Whether the next picture repeats an earlier one.

        Args:
            image: (H, W, 3) uint8 RGB.
            small: the copy that `small_grey` gives of it.
        """
        mark = hash(small.tobytes()), hash(image[::_LINES].tobytes())
        if mark == self._last:
            self._exact.append(True)
            return True
        self._last = mark
        known = mark in self._known
        if not known:
            self._remember(mark)
        cells = np.asarray(cv2.resize(small, CELLS, interpolation=cv2.INTER_AREA), np.float32)
        if self._steady is None or float(np.abs(cells - self._steady).max()) > self._flicker:
            self._steady = cells
            self._exact.clear()
            return False
        self._exact.append(known)
        return known or sum(self._exact) >= _MOST * len(self._exact)

    def _remember(self, mark: tuple[int, int]) -> None:
        if len(self._order) == self._order.maxlen:
            self._known.discard(self._order[0])
        self._order.append(mark)
        self._known.add(mark)
