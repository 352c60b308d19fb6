"""What the timestamps of a recording say: when each frame is, where it has holes, and how fast it usually is."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low
from typing import Literal, TypeAlias

import numpy as np

from oddframe.types import Times, VideoInfo

Kind: TypeAlias = Literal["goes back", "stands still", "leaps"]

HOLE = 2.0
"""Seconds. A shorter gap is no hole: tracks and smoothing reach as far, and lost packets make as much."""

HOLE_STEPS = 10
"""A hole is longer than so many recent steps: a slow camera, or one that slows down in the dark, has none."""

RECENT = 9
"""Steps of which the median is what the camera does at present."""

ALIKE = Fraction(1, 2000)
"""Share by which a stated rate may differ from the timestamps' own, so that 29.97 and 30 are told apart."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A place where a clock is wrong.

    Args:
        kind: "goes back" = it is earlier than before, as one that restarts; "stands still" = it gives a time twice;
            "leaps" = a single time is wrong.
        frame: the frame there.
        time: its time, in seconds, as it was mended.
    """

    kind: Kind
    frame: int
    time: float


class Clock:
    """Turns the timestamps of one pass into times that start at 0 and ascend, and says where a part begins.

    A timestamp that a constant rate could have, rounded to the container's ticks, is taken for that rate: so a rate of
    30 in a container of milliseconds gives 1/30 s, not 33, 33 and 34 ms. Where the clock goes back, or stands still,
    frames follow each other at the recent step.

    Args:
        fps: the nominal rate.
        tick: seconds to which timestamps are rounded.

    >>> clock = Clock(Fraction(10))
    >>> [clock.read(stamp) for stamp in (7.0, 7.1, 7.2, 60.0, 60.1)]
    [(0.0, 0), (0.1, 0), (0.2, 0), (53.0, 1), (53.1, 1)]
    """

    def __init__(self, fps: Fraction, tick: float = 0.0) -> None:
        self._fps = fps
        self._near = min(tick, float(1 / fps) / 4) + 1e-9
        self._steps: deque[float] = deque([float(1 / fps)], maxlen=RECENT)
        self._anchor = (0, 0.0)  # a frame, and its time, from which on the rate is constant
        self._offset: float | None = None
        self._stamp: float | None = None
        self._last = 0.0
        self._frames = self._part = 0
        self._stands = False
        self.flaws: list[Flaw] = []

    def read(self, stamp: float | None, following: float | None = None) -> tuple[float, int]:
        """The time of the next frame, and the number of its part.

        Args:
            stamp: its timestamp in seconds; None where it has none.
            following: that of the frame after it, where that is known: it tells a wrong stamp from a jump.
        """
        due = self._last + self._typical if self._frames else 0.0
        if stamp is not None and self._offset is None:
            self._offset = due - stamp
        if self._frames and (stamp is None or self._stamp is None):
            self._go_on(due if stamp is None else max(due, stamp + (self._offset or 0.0)))
        elif self._frames and stamp is not None:
            self._take(stamp, following)
        self._stands = stamp is not None and stamp == self._stamp
        self._stamp = self._stamp if stamp is None else stamp
        self._frames += 1
        return self._last, self._part

    @property
    def _typical(self) -> float:
        return median_low(self._steps)

    @property
    def _longest(self) -> float:
        """Seconds of the longest step that is no hole."""
        return max(HOLE, HOLE_STEPS * self._typical)

    def _take(self, stamp: float, following: float | None) -> None:
        offset = self._offset or 0.0
        time, after = stamp + offset, None if following is None else following + offset
        if after is not None and self._is_astray(time, after):
            self._note("leaps", (self._last + after) / 2)
        elif time <= self._last:
            self._bridge(stamp, time)
        elif time - self._last > self._longest:
            self._steps.append(time - self._last)
            self._part += 1
            self._set(time)
        else:
            self._go_on(time)

    def _is_astray(self, time: float, following: float) -> bool:
        """Whether the next frame goes on from the one before, and this one is elsewhere."""
        return abs(time - self._last) > self._longest and 0 < following - self._last <= self._longest

    def _go_on(self, time: float) -> None:
        before = self._last
        self._set(time, self._near)
        self._steps.append(self._last - before)

    def _bridge(self, stamp: float, time: float) -> None:
        """The clock has not gone on. Soon it will be right again; or it never will, and counts from here on."""
        typical, before = self._typical, stamp if self._stamp is None else self._stamp
        soon = self._last - time < 2 * typical
        bridged = self._last + (typical / 2 if soon and not self._stands else typical)
        if stamp <= before:
            self.flaws.append(Flaw("stands still" if stamp == before else "goes back", self._frames, bridged))
        if stamp != before and not soon:
            self._offset = bridged - stamp
        self._set(bridged)

    def _note(self, kind: Kind, time: float) -> None:
        self.flaws.append(Flaw(kind, self._frames, time))
        self._set(time)

    def _set(self, time: float, near: float = 1e-9) -> None:
        """The frame's time; exactly that of a constant rate, where it lies so near to it."""
        frame, begin = self._anchor
        at_rate = begin + (self._frames - frame) * self._fps.denominator / self._fps.numerator
        if abs(time - at_rate) <= near and at_rate > self._last:
            self._last = at_rate
        else:
            self._last, self._anchor = time, (self._frames, time)


def flaws_in_words(flaws: Iterable[Flaw]) -> str:
    """Where a clock is wrong, the first place of each kind; "" where nowhere.

    >>> flaws_in_words([Flaw("goes back", 300, 12.0), Flaw("goes back", 600, 24.0)])
    'its clock goes back at 12.00 s (frame 300; 2 times in all)'
    """
    found = list(flaws)
    counts, first = Counter(flaw.kind for flaw in found), {flaw.kind: flaw for flaw in reversed(found)}
    told = sorted(first.values(), key=lambda flaw: flaw.frame)
    return ", ".join(
        f"its clock {flaw.kind} at {flaw.time:.2f} s (frame {flaw.frame}"
        + (f"; {counts[flaw.kind]} times in all)" if counts[flaw.kind] > 1 else ")")
        for flaw in told
    )


class TimeLog:
    """Notes when frames are as they come; takes no memory as long as they come evenly.

    Args:
        fps: the nominal rate.
    """

    def __init__(self, fps: Fraction) -> None:
        self._fps = fps
        self._even = 0  # frames of a constant rate, before the first that differs
        self._rest = array("d")
        self._starts = [0]
        self._part = 0

    def add(self, time: float, part: int = 0) -> None:
        """The next frame's time, and the number of its part."""
        if part != self._part:
            self._starts.append(len(self))
            self._part = part
        if not self._rest and time == self._even * self._fps.denominator / self._fps.numerator:
            self._even += 1
        else:
            self._rest.append(time)

    def __len__(self) -> int:
        return self._even + len(self._rest)

    def of(self, info: VideoInfo) -> VideoInfo:
        """What is known of the video, now that its frames are counted and their times known."""
        if not self._rest and len(self._starts) == 1:
            return info.counted(self._even)
        even = Times.even(self._even, self._fps).time
        times = Times(self._fps, np.concatenate([even, np.array(self._rest, np.float64)]), tuple(self._starts))
        return info.counted(len(self), times)


def typical_rate(stamps: Sequence[int], tick: Fraction, stated: Iterable[Fraction] = ()) -> Fraction | None:
    """The frame rate that most steps between timestamps have; None where there are too few to say.

    A median of steps ignores holes, which an average would spread over all frames. A rate that the file states, or a
    usual one, is given exactly where it fits.

    Args:
        stamps: in any order, in ticks.
        tick: seconds.
        stated: rates that the file states.

    >>> typical_rate([0, 40, 80, 120, 70120, 70160], Fraction(1, 1000), [Fraction(5, 60)])
    Fraction(25, 1)
    """
    steps = np.diff(np.unique(np.array(stamps, np.int64)))
    if not len(steps):
        return None
    middle = int(np.sort(steps)[(len(steps) - 1) // 2])
    near = steps[(2 * steps > middle) & (2 * steps < 3 * middle)]
    rate = len(near) / (int(near.sum()) * tick)
    slack = ALIKE + Fraction(1, len(near) * middle)  # what rounding to ticks can make
    whole = round(rate)
    usual = [Fraction(whole), Fraction(whole * 1000, 1001)] if whole else []
    fitting = (known for known in (*stated, *usual) if abs(known / rate - 1) <= slack)
    return next(fitting, Fraction(rate).limit_denominator(1001))
