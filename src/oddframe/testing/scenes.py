"""Small videos in which something moves, made of arithmetic alone: the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from oddframe.types import Frame, ImageArray, Times, VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video in memory.

    Args:
        info: what is known of it; its frames are counted.
        frames: all of them.
    """

    info: VideoInfo
    frames: tuple[Frame, ...]

    def first(self, count: int) -> Clip:
        """The clip's first frames as a clip."""
        return Clip(replace(self.info, frames=count, times=None), self.frames[:count])


def moving_square(
    name: str = "square",
    *,
    seconds: float = 4.0,
    fps: int = 10,
    speed: float = 18.0,
    width: int = 128,
    height: int = 96,
    side: int = 20,
    times: Times | None = None,
) -> Clip:
    """A bright, chequered square that crosses a textured scene, to and fro.

    Args:
        name: the video's id.
        seconds, fps: how long, and how finely cut; the same happens at any rate.
        times: of frames that are not evenly spaced, in place of `seconds` and `fps`.
        speed: pixels a second.
        width, height: pixels.
        side: of the square, pixels.
    """
    clock = Times.even(round(seconds * fps), Fraction(fps)) if times is None else times
    info = VideoInfo(name, width, height, clock.fps).counted(len(clock), clock)
    scene = _scene(width, height)
    frames = tuple(
        Frame(index, time, _with_square(scene, time * speed, side), part=part)
        for index, (time, part) in enumerate(zip(clock.time.tolist(), clock.part.tolist(), strict=True))
    )
    return Clip(info, frames)


def changing_rate(*runs: tuple[int, int]) -> Times:
    """Times of frames that come at one rate, then at another.

    Args:
        runs: (frames a second, frames); the first rate is the nominal one.

    >>> changing_rate((4, 2), (2, 2)).time.tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    steps = np.concatenate([np.full(frames, 1 / rate) for rate, frames in runs])
    return Times(Fraction(runs[0][0]), np.concatenate([[0.0], np.cumsum(steps)[:-1]]))


def place_of(way: float, side: int, width: int, height: int) -> tuple[int, int]:
    """The square's upper left corner, after so many pixels of its way."""
    room = width - side
    return round(room - abs(way % (2 * room) - room)), (height - side) // 2


def _scene(width: int, height: int) -> ImageArray:
    y, x = np.mgrid[:height, :width]
    waves = 90 + 25 * np.sin(x / 5 + y / 11) + 15 * np.sin(y / 4) + 8 * ((x // 8 + y // 8) % 2)
    return np.repeat(waves.astype(np.uint8)[..., None], 3, axis=2)


def _with_square(scene: ImageArray, way: float, side: int) -> ImageArray:
    height, width = scene.shape[:2]
    x, y = place_of(way, side, width, height)
    image = scene.copy()
    chequers = 200 + 50 * ((np.add.outer(np.arange(side), np.arange(side)) // 4) % 2)
    image[y : y + side, x : x + side] = chequers[..., None].astype(np.uint8)
    image.flags.writeable = False
    return image
