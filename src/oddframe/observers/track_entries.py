"""What is said of one person at one moment: how it moves, how it is shaped, where it is.

Lengths are in its own heights, which takes perspective out, and times in seconds, so that frame rates may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from oddframe.observers.track_table import TrackTable, Values
from oddframe.types import IntArray

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
    earlier = table.last_until(now, table.before(now, 0.5))
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
