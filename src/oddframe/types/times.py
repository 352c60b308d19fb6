"""When the frames of a video are: exact times, and the parts that holes in a recording leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from oddframe.types.arrays import IntArray, Json, frozen_array
from oddframe.types.values import Value

Seconds = npt.NDArray[np.float64]

_DIGITS = 6
"""Decimals of a nominal frame to which positions are rounded: more than clocks tell, fewer than floats blur."""


@dataclass(frozen=True, eq=False)
class Times(Value):
    """The times of a video's frames.

    A hole in the recording divides a video into parts. Nothing that looks at several frames looks across a hole.

    Args:
        fps: the nominal frame rate: that of the typical step from frame to frame.
        time: (F,) seconds since the video's first frame, ascending, no two alike.
        starts: the first frame of each part, ascending; the first is 0. Empty only where there are no frames.

    Raises:
        ValueError: times or parts are not in order.

    >>> times = Times(Fraction(10), np.array([0.0, 0.1, 0.2, 5.0, 5.1]), (0, 3))
    >>> times.begin(3), times.end(3), round(times.seconds, 6)
    (5.0, 0.3..., 0.5)
    """

    fps: Fraction
    time: Seconds
    starts: tuple[int, ...] = field(default=(0,))

    def __post_init__(self) -> None:
        time = frozen_array(self.time, np.float64, "time", None)
        put = object.__setattr__
        put(self, "time", time)
        starts = tuple(int(start) for start in self.starts) if len(time) else ()
        put(self, "starts", starts)
        if not np.isfinite(time).all() or bool((np.diff(time) <= 0).any()):
            raise ValueError("times of frames must be finite and ascend")
        if len(time) and (starts[:1] != (0,) or bool((np.diff([*starts, len(time)]) <= 0).any())):
            raise ValueError(f"parts start at frame 0 and ascend within {len(time)} frames, not {starts}")

    @classmethod
    def even(cls, frames: int, fps: Fraction) -> Self:
        """Those of so many frames at a constant rate."""
        top, bottom = fps.denominator, fps.numerator
        return cls(fps, np.arange(frames) * top / bottom)

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Times):
            return NotImplemented
        return (self.fps, self.starts) == (other.fps, other.starts) and np.array_equal(self.time, other.time)

    def __hash__(self) -> int:
        return hash((self.fps, self.starts, self.time.tobytes()))

    @property
    def is_even(self) -> bool:
        """Whether they are exactly those of a constant rate, without holes."""
        return self == Times.even(len(self), self.fps)

    @cached_property
    def position(self) -> Seconds:
        """(F,) the times in nominal frames: at a constant rate exactly 0, 1, 2, ..."""
        return position(self.time, self.fps)

    @cached_property
    def ends(self) -> Seconds:
        """(F,) when each frame is over: when the next begins; of a part's last frame, after the step before it."""
        step = np.full(len(self), float(1 / self.fps))
        step[:-1] = np.diff(self.time)
        for start, stop in self.parts():
            step[stop - 1] = step[stop - 2] if stop - start > 1 else float(1 / self.fps)
        ends = np.append(self.time[1:], np.zeros(min(len(self), 1)))
        last = np.array((*self.starts[1:], len(self)), np.int64)[: len(self.starts)] - 1
        ends[last] = self.time[last] + step[last]
        return ends

    @cached_property
    def end_position(self) -> Seconds:
        """(F,) when each frame is over, in nominal frames: at a constant rate exactly 1, 2, 3, ..."""
        return position(self.ends, self.fps)

    @cached_property
    def lasting(self) -> Seconds:
        """(F,) for how many seconds each frame is shown."""
        return self.ends - self.time

    @property
    def seconds(self) -> float:
        """How much video there is, holes not counted."""
        return float(sum(self.ends[stop - 1] - self.time[start] for start, stop in self.parts()))

    def parts(self) -> list[tuple[int, int]]:
        """The first frame and one past the last of each part."""
        return list(zip(self.starts, (*self.starts[1:], len(self)), strict=False))

    @cached_property
    def part(self) -> IntArray:
        """(F,) the number of the part that each frame belongs to."""
        return np.searchsorted(np.array(self.starts, np.int64), np.arange(len(self)), side="right") - 1

    def begin(self, frame: float) -> float:
        """When a frame begins, in seconds; between two frames a share of the first, and beyond the last at the rate."""
        return float(self.at(np.array([frame], np.float64))[0])

    def end(self, stop: int) -> float:
        """When the frames before `stop` are over, in seconds; a hole after them is not counted."""
        return float(self.ends[stop - 1]) if 0 < stop <= len(self) else self.begin(stop)

    def at(self, frame: npt.NDArray[np.float64]) -> Seconds:
        """The same as `begin` of many places at once: frame 2.5 is the middle of frame 2."""
        whole = np.clip(np.floor(frame), 0, max(len(self) - 1, 0)).astype(np.int64)
        if not len(self):
            return np.asarray(frame / float(self.fps), np.float64)
        return np.asarray(self.time[whole] + (frame - whole) * self.lasting[whole], np.float64)

    def between(self, first: int, stop: int) -> float:
        """How many seconds the frames from `first` to before `stop` last, holes not counted."""
        return float(self.lasting[first:stop].sum())

    def shown(self, seconds: float) -> int:
        """The frame that is seen at a time; in a hole, the first one after it; at the end, the last."""
        return min(int(np.searchsorted(self.ends, seconds, side="right")), len(self) - 1)

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON values; `from_json` gives it back."""
        return {"fps": str(self.fps), "time": self.time.tolist(), "starts": list(self.starts)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return cls(Fraction(value["fps"]), np.array(value["time"], np.float64), tuple(value["starts"]))


def position(time: npt.ArrayLike, fps: Fraction) -> Seconds:
    """Times in nominal frames, rounded so that those of a constant rate are whole numbers.

    >>> position([0.0, 1.001], Fraction(30000, 1001))
    array([ 0., 30.])
    """
    return np.asarray(np.round(np.asarray(time, np.float64) * float(fps), _DIGITS), np.float64)
