"""Motion of actors: routes of walks and pauses, turned into places per frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Series: TypeAlias = npt.NDArray[np.float64]

RADIUS = 0.45  # metres, of the circles that somebody wanders in
EASE = 0.4  # seconds over which starts, stops and turns are rounded off


@dataclass(frozen=True, slots=True)
class Walk:
    """A straight walk to a place (along, across; metres) at a speed (metres per second)."""

    to: tuple[float, float]
    speed: float


@dataclass(frozen=True, slots=True)
class Stay:
    """A pause of some seconds; with a `pace` (metres per second), in small circles at about that speed."""

    seconds: float
    pace: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A route, frame by frame: (T,) each; `reached[i]` is the row at which step i of the route ends."""

    along: Series
    across: Series
    heading: Series
    speed: Series
    reached: tuple[int, ...]


def follow(start: tuple[float, float], route: Sequence[Walk | Stay], fps: int) -> Trajectory:
    """Follow a route, with soft starts, stops and turns.

    Args:
        start: (along, across) in metres.
        route: the steps.
        fps: frames per second.
    """
    here, pieces, reached = np.array(start), [np.array([start])], []
    for step in route:
        pieces.append(_places(here, step, fps))
        here = pieces[-1][-1]
        reached.append(sum(map(len, pieces)) - 1)
    places = _soften(np.concatenate(pieces), fps)
    velocity = np.gradient(places, axis=0) * fps if len(places) > 1 else np.zeros_like(places)
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    return Trajectory(places[:, 0], places[:, 1], _heading(velocity, speed), speed, tuple(reached))


def strides(speed: Series, height: float, fps: int, start: float) -> Series:
    """Compute the phase of the gait, two steps a turn; strides are longer at higher speed, so that feet hardly slide.

    Args:
        speed: (T,) metres per second.
        height: of the actor, metres.
        fps: frames per second.
        start: the first phase.

    Returns:
        (T,) radians.
    """
    length = 2 * height * np.sin(swing(speed)) * (1 + 0.25 * np.clip(speed - 2, 0, 2))
    return start + np.cumsum(2 * np.pi * speed / (np.maximum(length, 0.3) * fps))


def swing(speed: Series) -> Series:
    """Return how far a thigh swings to either side at a speed (metres per second), in radians."""
    return np.minimum(0.24 + 0.14 * speed, 0.8) * np.clip(speed / 0.5, 0, 1)


def _places(here: Series, step: Walk | Stay, fps: int) -> Series:
    if isinstance(step, Walk):
        to = np.array(step.to)
        count = max(1, round(float(np.hypot(*(to - here))) / step.speed * fps))
        return np.asarray(here + np.linspace(0, 1, count + 1)[1:, None] * (to - here))
    count = max(1, round(step.seconds * fps))
    turns = max(round(step.pace * step.seconds / (2 * np.pi * RADIUS)), 1) if step.pace else 0
    turned = 2 * np.pi * turns * np.arange(1, count + 1) / count
    circle = np.stack([np.sin(turned), 1 - np.cos(turned)], 1)
    return np.asarray(here + RADIUS * circle)


def _soften(places: Series, fps: int) -> Series:
    """Twice a moving average, with the ends carried on at their own pace so that nobody slows down there."""
    width = max(1, round(EASE * fps) // 2 * 2 + 1)
    if len(places) < 2:
        return places
    reach = np.arange(1, width)[:, None]
    before, after = places[0] - (places[1] - places[0]) * reach[::-1], places[-1] + (places[-1] - places[-2]) * reach
    kernel = np.convolve(np.ones(width), np.ones(width)) / width**2
    padded = np.concatenate([before, places, after])
    return np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], 1)


def _heading(velocity: Series, speed: Series) -> Series:
    """Direction of travel; whoever stands keeps looking where they went."""
    moving = speed > 0.2
    if not moving.any():
        return np.zeros(len(speed))
    last = np.maximum.accumulate(np.where(moving, np.arange(len(speed)), int(np.argmax(moving))))
    return np.asarray(np.arctan2(velocity[last, 1], velocity[last, 0]))
