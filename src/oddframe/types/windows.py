"""Windows over the frames of a video, and where they lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from oddframe.types.arrays import IntArray
from oddframe.types.times import Seconds, Times

HALF = 0.5
"""Nominal frames. What is to last n of them may be so much shorter: clocks jitter, and rates are not exact."""


@dataclass(frozen=True, slots=True)
class Window:
    """The frames that one observation needs.

    Window number k holds frames `k * stride + i * dilation` for i in 0 .. length - 1, counted from the beginning of
    each part of the video.

    Where `measure` is not "frames", these numbers are of nominal frames: the window spans the time that they take at
    the nominal rate. At a constant rate that is the same. Where the rate changes, n nominal frames before a frame is
    the last one that is at least n - 1/2 nominal steps earlier, and n after it the first one that is at least
    n - 1/2 steps later.

    Args:
        length: how many frames, >= 1.
        stride: frames from one window to the next, >= 1.
        dilation: frames from one member to the next, >= 1.
        about: the offset, from the window's first frame, of the frame that the observation is about.
            It may be any frame that the window spans.
        measure: "frames" counts them; "time" lays a window of that time around every frame; "grid" lays one every
            `stride` nominal frames of time.
        least: frames before and after the frame that it is about which it holds at least, whatever the time.

    >>> Window(length=32, stride=8, about=16).extent
    32
    """

    length: int
    stride: int = 1
    dilation: int = 1
    about: int = 0
    measure: Literal["frames", "time", "grid"] = "frames"
    least: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "least", tuple(self.least))
        if min(self.length, self.stride, self.dilation) < 1:
            raise ValueError(f"length, stride and dilation are at least 1: {self}")
        if not 0 <= self.about < self.extent:
            raise ValueError(f"about must lie within the window's {self.extent} frames: {self}")
        if self.measure == "time" and self.stride != 1:
            raise ValueError(f"a window around every frame has a stride of 1: {self}")

    @property
    def extent(self) -> int:
        """Frames from the first member to the last, both counted."""
        return (self.length - 1) * self.dilation + 1

    @property
    def ahead(self) -> int:
        """Frames after the one that it is about."""
        return self.extent - 1 - self.about

    def over(self, times: Times) -> Windows:
        """The windows that fit into a counted video, in order."""
        parts = [self._within(times, start, stop) for start, stop in times.parts()]
        empty = Windows(*(np.zeros(0, np.int64) for _ in range(5)))
        columns = zip(*(part.columns for part in (empty, *parts)), strict=True)
        return Windows(*(np.concatenate(column) for column in columns))

    def first(self, times: Times, about: IntArray) -> IntArray:
        """(N,) the first frame that windows about these frames need; that of their part, where they would reach out."""
        start = np.array((*times.starts, 0), np.int64)[times.part[about]]
        if self.measure == "frames":
            return np.maximum(about - self.about, start)
        return np.maximum(earlier(times.position, about, self.about, self.least[0]), start)

    def _within(self, times: Times, start: int, stop: int) -> Windows:
        if self.measure == "time":
            return self._around(times.position[start:stop], start)
        if self.measure == "grid":
            return self._on_grid(times.position[start:stop], start)
        count = max(0, (stop - start - self.extent) // self.stride + 1)
        first = start + np.arange(count) * self.stride
        about = first + self.about
        begin = about - (self.stride - 1) // 2
        return Windows(
            first, about, first + self.extent - 1, np.maximum(begin, start), np.minimum(begin + self.stride, stop)
        )

    def _around(self, position: Seconds, start: int) -> Windows:
        frames = np.arange(len(position))
        first = earlier(position, frames, self.about, self.least[0])
        last = later(position, frames, self.ahead, self.least[1])
        fits = np.flatnonzero((first >= 0) & (last < len(position)))
        return Windows(*(column[fits] + start for column in (first, frames, last, frames, frames + 1)))

    def _on_grid(self, position: Seconds, start: int) -> Windows:
        reached = (position[-1] - position[0] - (self.extent - 1) + HALF) / self.stride
        places = np.arange(max(0, int(np.floor(reached)) + 1)) * self.stride
        before = self.about - (self.stride - 1) // 2
        first, about, last, begin, end = (
            on_grid(position, places + offset)
            for offset in (0, self.about, self.extent - 1, before, before + self.stride)
        )
        there = np.flatnonzero(begin < end)
        return Windows(*(column[there] + start for column in (first, about, last, begin, end)))


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The windows of a video, one row each.

    Args:
        first, about, last: (W,) the first and the last frame of each, and the one that it is about.
        begin, end: (W,) the first frame that each one's score stands for, and one past the last.
    """

    first: IntArray
    about: IntArray
    last: IntArray
    begin: IntArray
    end: IntArray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def columns(self) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
        """All columns, in their order."""
        return self.first, self.about, self.last, self.begin, self.end


def earlier(position: Seconds, frames: IntArray, count: int, least: int = 0) -> IntArray:
    """For each frame the one that is `count` nominal frames before it, and at least `least` frames; -1 where none is.

    Args:
        position: (F,) of a part's frames, see `Times.position`.
        frames: (N,) which.

    >>> earlier(np.array([0.0, 1.0, 2.0, 5.0, 8.0]), np.arange(5), 2)
    array([-1, -1,  0,  2,  3])
    """
    found = frames if not count else np.searchsorted(position, position[frames] - (count - HALF), side="right") - 1
    return np.maximum(np.minimum(found, frames - least), -1)


def later(position: Seconds, frames: IntArray, count: int, least: int = 0) -> IntArray:
    """For each frame the one that is `count` nominal frames after it, and at least `least` frames; F where none is."""
    found = frames if not count else np.searchsorted(position, position[frames] + (count - HALF), side="left")
    return np.minimum(np.maximum(found, frames + least), len(position))


def on_grid(position: Seconds, places: IntArray) -> IntArray:
    """The frames that stand at places on the grid of nominal frames: the first within half a step, or after it."""
    found: IntArray = np.searchsorted(position, position[0] + (places - HALF), side="left")
    return found
