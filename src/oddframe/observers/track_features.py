"""The features of tracked persons: how each moves, is shaped and where it is, from the recent past of all tracks.

Lengths are in the person's own heights, which removes perspective, and times in seconds, so frame rates may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.types import HALF, IntArray, Seconds, VideoInfo

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Break:
    """When a track is taken to be somebody else from now on.

    Args:
        patience: seconds; after a longer gap.
        fastest: its own heights a second; after a faster move.
    """

    patience: float
    fastest: float


Rows: TypeAlias = tuple[IntArray, Seconds, IntArray, Values]
"""Boxes: (N,) frame indices, (N,) positions of these frames, (N,) identities, and (N, 4) x0 y0 x1 y1."""


class TrackTable:
    """Boxes by track and time, cut into stretches: a stretch is one thing, seen without a long gap or a jump.

    A moment is a row of the table; what it is asked about reaches back from there, as far as the stretch does.
    Where the tracker lost its box for a few frames, places between are interpolated. Times are positions: in nominal
    frames, see `Times.position`.

    Args:
        rows: what was seen.
        video: whose they are.
        rule: where stretches end.
    """

    def __init__(self, rows: Rows, video: VideoInfo, rule: Break) -> None:
        frame, moment, track, box = rows
        self.order = np.lexsort((frame, track))
        self.frame, self.moment, self.fps = frame[self.order], moment[self.order], float(video.fps)
        self.picture = video.width, video.height
        x0, y0, x1, y1 = box[self.order].T
        width, height = x1 - x0, y1 - y0
        self.across, self.down = (x0 + x1) / 2, (y0 + y1) / 2
        self.size, self.aspect = np.log(height), np.log(width / height)
        starts = self._starts(track[self.order], height, rule)
        self._stretch = np.cumsum(starts) - 1
        self._first = np.flatnonzero(starts)[self._stretch]
        self._by_frame, self._by_moment = _Order(self._stretch, self.frame), _Order(self._stretch, self.moment)

    def _starts(self, track: IntArray, height: Values, rule: Break) -> npt.NDArray[np.bool_]:
        gap = _or_one(np.diff(self.moment)) / self.fps
        way = np.hypot(np.diff(self.across), np.diff(self.down)) / np.minimum(height[1:], height[:-1])
        broken = (np.diff(track) != 0) | (gap > rule.patience) | (way > rule.fastest * gap)
        return np.concatenate([np.ones(min(1, len(track)), np.bool_), broken])

    def frames(self, seconds: float) -> int:
        """A time in whole nominal frames, at least 1."""
        return max(1, round(seconds * self.fps))

    def last_until(self, rows: IntArray, frame: IntArray) -> IntArray:
        """The last row of each row's stretch that lies no later than a frame."""
        return self._by_frame.place(rows, frame, "right") - 1

    def last_before(self, rows: IntArray, moment: Seconds) -> IntArray:
        """The last row of each row's stretch that lies no later than a moment."""
        return self._by_moment.place(rows, moment + HALF, "left") - 1

    def age(self, rows: IntArray) -> Seconds:
        """Nominal frames since the stretch began, as far as the table knows."""
        age: Seconds = self.moment[rows] - self.moment[self._first[rows]]
        return age

    def before(self, rows: IntArray, seconds: float) -> Seconds:
        """The moment so many seconds earlier, or the first of the stretch."""
        moment: Seconds = np.maximum(self.moment[rows] - self.frames(seconds), self.moment[self._first[rows]])
        return moment

    def at(self, values: Values, rows: IntArray, moment: Seconds) -> Values:
        """A column's value at a moment of the stretch, linear between rows."""
        late = self._by_moment.place(rows, moment, "left")
        early = np.where(self.moment[late] > moment, late - 1, late)
        share = (moment - self.moment[early]) / _or_one(self.moment[late] - self.moment[early])
        between: Values = values[early] + share * (values[late] - values[early])
        return between

    def seen(self, rows: IntArray, seconds: float) -> Values:
        """The share of the frames of the recent past in which the tracker had a box."""
        first = self._since(rows, seconds)
        share: Values = (rows - first + 1) / (self.frame[rows] - self.frame[first] + 1)
        return share

    def mean(self, values: Values, rows: IntArray, seconds: float) -> Values:
        """The mean of a column over the rows of the recent past."""
        sums, first = np.concatenate([[0.0], np.cumsum(values)]), self._since(rows, seconds)
        mean: Values = (sums[rows + 1] - sums[first]) / (rows - first + 1)
        return mean

    def spread(self, values: Values, rows: IntArray, seconds: float) -> Values:
        """The standard deviation of a column over the rows of the recent past."""
        centred = values - (values.mean() if len(values) else 0.0)
        mean = self.mean(centred, rows, seconds)
        return np.sqrt(np.maximum(self.mean(centred**2, rows, seconds) - mean**2, 0))

    def velocity(self, rows: IntArray, seconds: float) -> Values:
        """(n, 2) across and down over the recent past, in its own heights a second."""
        moment = self.before(rows, seconds)
        way = np.stack([c[rows] - self.at(c, rows, moment) for c in (self.across, self.down)], axis=1)
        time = _or_one(self.moment[rows] - moment) / self.fps
        height = np.exp(self.mean(self.size, rows, seconds))
        moved: Values = way / (height * time)[:, None]
        return moved

    @cached_property
    def every(self) -> IntArray:
        """All rows."""
        return np.arange(len(self.frame))

    @cached_property
    def _way(self) -> Values:
        """How far each row's centre has come since the table's first row, in pixels; only differences mean anything."""
        steps = np.hypot(np.diff(self.across, prepend=self.across[:1]), np.diff(self.down, prepend=self.down[:1]))
        return np.cumsum(steps)

    def path(self, rows: IntArray, seconds: float) -> Values:
        """The length of the way over the recent past, in its own heights a second."""
        first = self._since(rows, seconds)
        time = _or_one(self.moment[rows] - self.moment[first]) / self.fps
        path: Values = (self._way[rows] - self._way[first]) / (np.exp(self.mean(self.size, rows, seconds)) * time)
        return path

    def _since(self, rows: IntArray, seconds: float) -> IntArray:
        """The first row of the recent past."""
        return self._by_moment.place(rows, self.before(rows, seconds) - HALF, "left")


class _Order:
    """Finds rows by their stretch, and by a number that rises within each stretch.

    Args:
        stretch: (N,) of each row, ascending.
        values: (N,) the number.
    """

    def __init__(self, stretch: IntArray, values: npt.NDArray[Any]) -> None:
        self._stretch = stretch
        self._base = np.floor(values.min(initial=0))
        self._width = np.ceil(values.max(initial=0)) - self._base + 2
        self._keys = self._of(np.arange(len(values)), values)

    def place(self, rows: IntArray, values: npt.NDArray[Any], side: Literal["left", "right"]) -> IntArray:
        """Where these numbers would stand among the rows of the same stretch, as `searchsorted` says it."""
        return np.searchsorted(self._keys, self._of(rows, values), side)

    def _of(self, rows: IntArray, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        keys: npt.NDArray[Any] = self._stretch[rows] * self._width + np.minimum(values - self._base, self._width - 1)
        return keys


def _or_one(values: Values) -> Values:
    """The values, and 1 where they are not above 0."""
    return np.where(values > 0, values, 1.0)


LONGEST = 2.0
"""Seconds of the past that any entry looks at."""

STILL = 0.05
"""Heights a second, or a share of the shape: what a tracker cannot tell from nothing. Logarithms start here."""


def velocity(table: TrackTable, now: IntArray) -> Values:
    """(n, 2) speed across, to either side, and down, over half a second."""
    moved = table.velocity(now, 0.5)
    return np.stack([np.abs(moved[:, 0]), moved[:, 1]], axis=1)


def travel(table: TrackTable, now: IntArray) -> Values:
    """(n, 1) how far it came in two seconds, per second: little for who turns back or stands."""
    return _column(np.hypot(*table.velocity(now, 2.0).T))


def acceleration(table: TrackTable, now: IntArray) -> Values:
    """(n, 1) change of velocity from one half second to the next."""
    earlier = table.last_before(now, table.before(now, 0.5))
    return _column(np.hypot(*(table.velocity(now, 0.5) - table.velocity(earlier, 0.5)).T))


def straightness(table: TrackTable, now: IntArray) -> Values:
    """(n, 1) how far it came in two seconds, over the way that it took; about 1 for who stands."""
    far = np.hypot(*table.velocity(now, 2.0).T)
    return _column((far + 0.1) / (table.path(now, 2.0) + 0.1))


def shape(table: TrackTable, now: IntArray) -> Values:
    """(n, 1) log of width over height, over half a second."""
    return _column(table.mean(table.aspect, now, 0.5))


def gait(table: TrackTable, now: IntArray) -> Values:
    """(n, 2) log of how much, within a second, the shape varies and the centre goes up and down.

    Steps make both swing; who rides swings little at any speed, who falls, jumps or fights swings more than walkers.
    """
    swing = table.aspect - table.mean(table.aspect, table.every, 0.5)
    climb = table.velocity(table.every, 0.125)[:, 1]
    spreads = [table.spread(swing, now, 1.0) + 0.01, table.spread(climb, now, 1.0) + STILL]
    return np.log(np.stack(spreads, axis=1))


def size(table: TrackTable, now: IntArray) -> Values:
    """(n, 1) log height in picture heights: small boxes are measured less well, so like is compared with like."""
    return _column(table.mean(table.size, now, 0.5) - np.log(table.picture[1]))


def place(table: TrackTable, now: IntArray) -> Values:
    """(n, 2) the middle of its lower edge, x and y in 0 .. 1."""
    foot = table.down[now] + np.exp(table.size[now]) / 2
    return np.stack([table.across[now] / table.picture[0], foot / table.picture[1]], axis=1)


def _column(values: Values) -> Values:
    return values.reshape(-1, 1)


ENTRIES: Mapping[str, Callable[[TrackTable, IntArray], Values]] = {
    "velocity": velocity,
    "travel": travel,
    "acceleration": acceleration,
    "straightness": straightness,
    "shape": shape,
    "gait": gait,
    "size": size,
    "place": place,
}
