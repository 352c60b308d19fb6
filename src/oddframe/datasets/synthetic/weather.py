"""Light and wind through a clip: slow clouds, now and then a quick change, gusts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from oddframe.datasets.synthetic.scene import Walkway

Series = npt.NDArray[np.float64]

QUICK_EVERY = 9.0  # seconds between quick changes of light, on average


def brightness(scene: Walkway, generator: np.random.Generator) -> tuple[Series, Series]:
    """(F,) gain of the picture, about 1, and (F,) strength of the sun in 0 .. 1, which darkens shadows."""
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
    """(F,) strength of the wind in 0 .. 2, about 1."""
    seconds = np.arange(scene.frames) / scene.fps
    return np.asarray(1 + _waves(seconds, generator, (4.0, 9.0, 23.0)))


def _waves(seconds: Series, generator: np.random.Generator, periods: tuple[float, ...]) -> Series:
    """A smooth random course in -1 .. 1."""
    phases = generator.uniform(0, 2 * np.pi, len(periods))
    turns = [np.sin(2 * np.pi * seconds / period + phase) for period, phase in zip(periods, phases, strict=True)]
    return np.asarray(sum(turns) / len(periods))
