"""The settings of a walkway: what stays the same from clip to clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from oddframe.datasets.synthetic.camera import Camera
from oddframe.errors import SettingsError
from oddframe.types import Configured


@dataclass(frozen=True, repr=False)
class Walkway(Configured):
    """A paved walkway between lawns, before a building, seen obliquely by a fixed camera.

    Args:
        width, height: pixels of the picture.
        fps: frames per second, a whole number, so that times are exact.
        seconds: length of a clip.
        people: how many normal people are under way in the scene's surroundings, on average.
        noise: strength of the camera's noise; 1 is a decent camera on a bright day, 0 is none.
        light: strength of lighting changes; 0 is a constant sky.
        wind: strength with which leaves sway; 0 is none.
        place: seed of the surroundings (slabs, bricks, leaves). Clips to be compared share it.

    Raises:
        SettingsError: a size, rate, length or strength that is out of range.

    >>> Walkway(seconds=2).frames
    50
    """

    name: ClassVar[str] = "walkway"

    width: int = 320
    height: int = 240
    fps: int = 25
    seconds: float = 24.0
    people: float = 10.0
    noise: float = 1.0
    light: float = 1.0
    wind: float = 1.0
    place: int = 2

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 16 or self.fps < 1 or self.frames < 1:
            raise SettingsError(f"walkway: at least 16 x 16 pixels, 1 fps and one frame are needed: {self!r}")
        if min(self.people, self.noise, self.light, self.wind, self.place) < 0:
            raise SettingsError(f"walkway: people, noise, light, wind and place are not negative: {self!r}")

    @property
    def frames(self) -> int:
        """Frames in a clip."""
        return round(self.seconds * self.fps)

    @property
    def rate(self) -> Fraction:
        """Frames per second, exact."""
        return Fraction(self.fps)

    @cached_property
    def camera(self) -> Camera:
        """The camera, in the picture's pixels."""
        return Camera(self.width, self.height)


def generator(*seeds: int) -> np.random.Generator:
    """The same random numbers on every platform for the same seeds."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))
