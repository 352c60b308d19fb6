"""The camera's imperfections: shot and read noise, a little softness, exposure."""

from __future__ import annotations

import cv2
import numpy as np

from oddframe.types import ImageArray

READ = 1.3  # standard deviation in the dark, grey levels
SHOT = 0.035  # variance per grey level
_BANK, _SPARE = 8, 48  # pictures of noise, and pixels by which they are larger than the frame


class Sensor:
    """Turns clean pictures into what a camera gives; no two frames get the same noise."""

    def __init__(self, width: int, height: int, strength: float, generator: np.random.Generator) -> None:
        self._generator, self._size = generator, (height, width)
        shape = (_BANK, height + _SPARE, width + _SPARE, 3)
        grey = generator.standard_normal((*shape[:3], 1), np.float32)
        self._bank = np.ascontiguousarray(0.85 * grey + 0.5 * generator.standard_normal(shape, np.float32))
        for noise in self._bank:  # compression leaves little of the finest grain
            cv2.GaussianBlur(noise, (3, 3), 0.45, dst=noise)
        self._bank *= strength / self._bank.std()

    def expose(self, clean: ImageArray, gain: float) -> ImageArray:
        """(H, W, 3) at a brightness, softened and with noise; a new array."""
        levels = np.arange(256, dtype=np.float32) * np.float32(gain)
        soft = cv2.GaussianBlur(clean, (3, 3), 0.55)
        signal = cv2.LUT(soft, levels)
        spread = cv2.LUT(soft, np.sqrt(READ**2 + SHOT * levels))
        noise = cv2.multiply(spread, self._noise(), dst=spread)
        return np.asarray(cv2.add(signal, noise, dtype=cv2.CV_8U))

    def skip(self) -> None:
        """Leave out a frame; those that follow are what they would have been."""
        self._noise()

    def _noise(self) -> ImageArray:
        picture, y, x = self._generator.integers(0, (_BANK, _SPARE + 1, _SPARE + 1))
        height, width = self._size
        return np.asarray(self._bank[picture, y : y + height, x : x + width])
