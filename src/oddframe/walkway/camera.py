"""The fixed camera: where a point of the walkway's world is in the picture, and the imperfections of its sensor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import ImageArray

Points = npt.NDArray[np.float64]

HEIGHT = 4.5  # metres above the ground

TILT = np.deg2rad(24.0)  # downwards

ORIGIN = 9.8  # metres from below the camera to the walkway's middle

BEARING = np.deg2rad(20.0)  # the walkway recedes to the right

FOCAL = 1.25  # in picture heights

READ = 1.3  # standard deviation in the dark, grey levels

SHOT = 0.035  # variance per grey level

_BANK, _SPARE = 8, 48  # pictures of noise, and pixels by which they are larger than the frame


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera, `width` x `height` pixels.

    Places are (along, up, across) in metres: along the walkway to the right, above the ground, and across it away
    from the camera, from the middle of the walkway.

    >>> Camera(320, 240).project(np.array([0.0, 0.0, 0.0]))[1].round(1).item()  # 9.8 m of ground lie before the camera
    10.8
    """

    width: int
    height: int

    def project(self, places: Points) -> tuple[Points, Points]:
        """Project places (..., 3) to pixels x y (..., 2), and return their depth in metres (...)."""
        right, ahead = _turn(places[..., 0], places[..., 2])
        up, ahead = places[..., 1] - HEIGHT, ahead + ORIGIN
        depth = np.maximum(ahead * np.cos(TILT) - up * np.sin(TILT), 0.2)
        rise = up * np.cos(TILT) + ahead * np.sin(TILT)
        scale = FOCAL * self.height / depth
        return np.stack([self.width / 2 + scale * right, self.height / 2 - scale * rise], -1), depth

    def scale(self, depth: Points) -> Points:
        """Return the pixels per metre at a depth in metres."""
        return FOCAL * self.height / depth

    def rays(self) -> tuple[Points, Points, Points]:
        """Return the line of sight of each pixel: metres along, up and across per metre of depth, each (H, W)."""
        x = (np.arange(self.width) + 0.5 - self.width / 2) / (FOCAL * self.height)
        y = (self.height / 2 - np.arange(self.height) - 0.5)[:, None] / (FOCAL * self.height)
        right, up = np.broadcast_to(x, (self.height, self.width)), y * np.cos(TILT) - np.sin(TILT)
        ahead = np.cos(TILT) + y * np.sin(TILT)
        along = right * np.cos(BEARING) + ahead * np.sin(BEARING)
        across = ahead * np.cos(BEARING) - right * np.sin(BEARING)
        return along, np.broadcast_to(up, right.shape), across

    @property
    def stand(self) -> tuple[float, float, float]:
        """The place of the camera: along, up, across, in metres."""
        return -ORIGIN * float(np.sin(BEARING)), HEIGHT, -ORIGIN * float(np.cos(BEARING))


def _turn(along: Points, across: Points) -> tuple[Points, Points]:
    """Walkway coordinates -> to the right of the camera, and ahead of it."""
    cosine, sine = np.cos(BEARING), np.sin(BEARING)
    return along * cosine - across * sine, along * sine + across * cosine


class Sensor:
    """Turns clean pictures into those of a camera; no two frames get the same noise."""

    def __init__(self, width: int, height: int, strength: float, generator: np.random.Generator) -> None:
        self._generator, self._size = generator, (height, width)
        shape = (_BANK, height + _SPARE, width + _SPARE, 3)
        grey = generator.standard_normal((*shape[:3], 1), np.float32)
        self._bank = np.ascontiguousarray(0.85 * grey + 0.5 * generator.standard_normal(shape, np.float32))
        for noise in self._bank:  # compression leaves little of the finest grain
            cv2.GaussianBlur(noise, (3, 3), 0.45, dst=noise)
        self._bank *= strength / self._bank.std()

    def expose(self, clean: ImageArray, gain: float) -> ImageArray:
        """Return a new picture (H, W, 3) with a gain, softened and with noise."""
        levels = np.arange(256, dtype=np.float32) * np.float32(gain)
        soft = cv2.GaussianBlur(clean, (3, 3), 0.55)
        signal = cv2.LUT(soft, levels)
        spread = cv2.LUT(soft, np.sqrt(READ**2 + SHOT * levels))
        noise = cv2.multiply(spread, self._noise(), dst=spread)
        return np.asarray(cv2.add(signal, noise, dtype=cv2.CV_8U))

    def skip(self) -> None:
        """Leave out a frame; the noise of those that follow is the same as without."""
        self._noise()

    def _noise(self) -> ImageArray:
        picture, y, x = self._generator.integers(0, (_BANK, _SPARE + 1, _SPARE + 1))
        height, width = self._size
        return np.asarray(self._bank[picture, y : y + height, x : x + width])
