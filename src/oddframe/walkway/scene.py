"""The settings of a walkway, which stay the same from clip to clip, and light and wind through a clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError
from oddframe.types import Configured
from oddframe.walkway.camera import Camera

Series = npt.NDArray[np.float64]

QUICK_EVERY = 9.0  # seconds between quick changes of light, on average


@dataclass(frozen=True, repr=False)
class Walkway(Configured):
    """A paved walkway between lawns, before a building, seen obliquely by a fixed camera.

    Args:
        width, height: pixels of the picture.
        fps: frames per second, a whole number, so that times are exact.
        seconds: length of a clip.
        people: the average number of normal people in and around the scene.
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
        """The number of frames in a clip."""
        return round(self.seconds * self.fps)

    @property
    def rate(self) -> Fraction:
        """Frames per second, exact."""
        return Fraction(self.fps)

    @cached_property
    def camera(self) -> Camera:
        """The camera, in pixels of the picture."""
        return Camera(self.width, self.height)


def generator(*seeds: int) -> np.random.Generator:
    """Return a generator of the same random numbers on every platform for the same seeds."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))


def brightness(scene: Walkway, generator: np.random.Generator) -> tuple[Series, Series]:
    """Simulate the light of a clip.

    Returns:
        (F,) gain of the picture, about 1, and (F,) strength of the sun in 0 .. 1, which darkens shadows.
    """
    seconds = np.arange(scene.frames) / scene.fps
    cloud = _waves(seconds, generator, (17.0, 31.0, 67.0))
    quick = np.zeros(len(seconds))
    for at in np.cumsum(generator.exponential(QUICK_EVERY, 4 + 3 * round(scene.seconds / QUICK_EVERY))):
        depth, onset, lasts = generator.uniform(-0.11, 0.08), generator.uniform(0.15, 0.6), generator.uniform(0.6, 4.0)
        quick += depth * np.clip((seconds - at) / onset, 0, 1) * np.clip((at + lasts - seconds) / onset + 1, 0, 1)
    flicker = generator.normal(0, 0.0035, len(seconds))
    gain = 1 + scene.light * (0.085 * cloud + quick + flicker)
    return np.clip(gain, 0.4, 1.5), np.clip(0.62 + scene.light * 0.45 * cloud, 0, 1)


def gusts(scene: Walkway, generator: np.random.Generator) -> Series:
    """Simulate the wind of a clip: (F,) strength in 0 .. 2, about 1."""
    seconds = np.arange(scene.frames) / scene.fps
    return np.asarray(1 + _waves(seconds, generator, (4.0, 9.0, 23.0)))


def _waves(seconds: Series, generator: np.random.Generator, periods: tuple[float, ...]) -> Series:
    """A smooth random course in -1 .. 1."""
    phases = generator.uniform(0, 2 * np.pi, len(periods))
    turns = [np.sin(2 * np.pi * seconds / period + phase) for period, phase in zip(periods, phases, strict=True)]
    return np.asarray(sum(turns) / len(periods))
