"""Whether a camera is frozen: its pictures repeat, but for what an encoder does to them."""

from __future__ import annotations

from collections import deque
from typing import Literal, TypeAlias

import cv2
import numpy as np

from oddframe.types import HALF, FloatArray, ImageArray

CELLS = (32, 24)
"""Columns and rows of the averages by which pictures are compared."""

_LINES = 4  # every so many lines of a picture tell it from others; a clock's digits are higher

_MOST = 0.7  # of a frozen camera's pictures repeat an earlier one exactly; encoders refine the others

Likeness: TypeAlias = Literal["same", "near", "other"]
"""A picture is the `same` as an earlier one; only `near` it; or shows something `other`."""


class Repeats:
    """Compares each picture with those before.

    An encoder draws a frozen picture a little differently in each frame of a group, and then, in the next group, just
    so again. A scene that lives hardly shows the same picture twice, for its noise is new each time.

    Args:
        recalled: for how many pictures one is remembered; as long as a group of pictures at least.
        flicker: grey levels by which the averages of `CELLS` may differ between near pictures.
    """

    def __init__(self, recalled: int, flicker: float) -> None:
        self._flicker = flicker
        self._order: deque[tuple[int, int]] = deque(maxlen=recalled)
        self._known: set[tuple[int, int]] = set()
        self._last: tuple[int, int] | None = None
        self._steady: FloatArray | None = None

    def push(self, image: ImageArray, small: ImageArray) -> Likeness:
        """How like an earlier one the next picture is.

        Args:
            image: (H, W, 3) uint8 RGB.
            small: the copy that `small_grey` gives of it.
        """
        mark = hash(small.tobytes()), hash(image[::_LINES].tobytes())
        if mark == self._last:
            return "same"
        self._last = mark
        known = mark in self._known
        if not known:
            self._remember(mark)
        cells = np.asarray(cv2.resize(small, CELLS, interpolation=cv2.INTER_AREA), np.float32)
        if self._steady is None or float(np.abs(cells - self._steady).max()) > self._flicker:
            self._steady = cells
            return "other"
        return "same" if known else "near"

    def _remember(self, mark: tuple[int, int]) -> None:
        if len(self._order) == self._order.maxlen:
            self._known.discard(self._order[0])
        self._order.append(mark)
        self._known.add(mark)


class FrozenRuns:
    """Runs of repeated pictures: one that lasts is confirmed as a whole, a shorter one is let off.

    A run is of pictures that are the same, and of a few in a row between them that are near; also of those before the
    first, as long as they are few since something other was seen: a quiet scene gives many.

    Args:
        needed: how many nominal frames, from the first picture that is the same as one before to the last, confirm a
            run.
        refined: most pictures in a row that are only near.

    >>> run = FrozenRuns(needed=4, refined=2)
    >>> [run.push(kind) for kind in ("other", "near", "same", "same", "near", "same", "near", "other")]
    [[False], [], [], [], [], [True, True, True, True, True], [], [False, False]]
    """

    def __init__(self, needed: int, refined: int) -> None:
        self._needed, self._refined = needed, refined
        self._before = self._after = 0  # near pictures that wait: before the run, and after its last same one
        self._run: deque[bool] = deque()  # which of the run's waiting pictures are the same
        self._lasts: deque[float] = deque()  # nominal frames from the picture before to each of them
        self._near: list[float] = []  # the same of the near ones after them
        self._confirmed = False
        self._few = True  # near pictures since the last other one

    def push(self, likeness: Likeness, lasting: float = 1.0) -> list[bool]:
        """Take the next picture; the verdicts that this brings, oldest first.

        Args:
            likeness: to those before.
            lasting: nominal frames since the one before.
        """
        if likeness == "other":
            verdicts, self._few = [*self.close(), False], True
            return verdicts
        if likeness == "same":
            return self._same(lasting)
        if not self._run and not self._confirmed:
            self._before += 1
        elif self._after < self._refined:
            self._after += 1
            self._near.append(lasting)
        else:
            over = [False] * (self._before + len(self._run))
            self._before, self._after = self._after + 1, 0
            self._clear()
            self._confirmed = False
            return over + self._let_off()
        return self._let_off()

    def _clear(self) -> None:
        self._run.clear()
        self._lasts.clear()
        self._near.clear()

    @property
    def _is_long(self) -> bool:
        """Whether the run lasts; its first picture counts as one nominal frame."""
        return len(self._run) > 1 and sum(self._lasts) - self._lasts[0] + 1 >= self._needed - HALF

    def close(self) -> list[bool]:
        """The pictures that still wait: none of them is frozen."""
        verdicts = [False] * (self._before + len(self._run) + self._after)
        self._before = self._after = 0
        self._clear()
        self._confirmed = False
        return verdicts

    def _same(self, lasting: float) -> list[bool]:
        if self._confirmed:
            verdicts, self._after = [True] * (self._after + 1), 0
            self._near.clear()
            return verdicts
        over = []
        if not self._run and not self._few:
            over, self._before = [False] * self._before, 0
        self._run.extend([False] * self._after + [True])
        self._lasts.extend([*self._near, lasting])
        self._near.clear()
        self._after = 0
        if self._is_long and sum(self._run) >= _MOST * len(self._run):
            verdicts, self._before, self._confirmed = [True] * (self._before + len(self._run)), 0, True
            self._clear()
            return over + verdicts
        return over + self._let_off()

    def _drop(self) -> None:
        self._run.popleft()
        self._lasts.popleft()

    def _let_off(self) -> list[bool]:
        """Pictures that wait for too long: near ones before a run, and the first of a run that is not dense enough."""
        over = 0
        if not self._run:
            over = max(0, self._before - self._refined)
            self._before -= over
            self._few = self._few and not over
        while self._is_long:
            over += self._before + 1
            self._before, self._few = 0, False
            self._drop()
            while self._run and not self._run[0]:
                self._drop()
                over += 1
        return [False] * over
