"""The fixed camera: where a point of the walkway's world falls in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

HEIGHT = 4.5  # metres above the ground
TILT = np.deg2rad(24.0)  # downwards
ORIGIN = 9.8  # metres from below the camera to the walkway's middle
BEARING = np.deg2rad(20.0)  # the walkway recedes to the right
FOCAL = 1.25  # in picture heights


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
        """(..., 3) places -> (..., 2) pixels x y, and (...) depth along the line of sight in metres."""
        right, ahead = _turn(places[..., 0], places[..., 2])
        up, ahead = places[..., 1] - HEIGHT, ahead + ORIGIN
        depth = np.maximum(ahead * np.cos(TILT) - up * np.sin(TILT), 0.2)
        rise = up * np.cos(TILT) + ahead * np.sin(TILT)
        scale = FOCAL * self.height / depth
        return np.stack([self.width / 2 + scale * right, self.height / 2 - scale * rise], -1), depth

    def scale(self, depth: Points) -> Points:
        """Pixels per metre at a depth."""
        return FOCAL * self.height / depth

    def rays(self) -> tuple[Points, Points, Points]:
        """Per pixel, how far its line of sight goes along, up and across per metre of depth; each (H, W)."""
        x = (np.arange(self.width) + 0.5 - self.width / 2) / (FOCAL * self.height)
        y = (self.height / 2 - np.arange(self.height) - 0.5)[:, None] / (FOCAL * self.height)
        right, up = np.broadcast_to(x, (self.height, self.width)), y * np.cos(TILT) - np.sin(TILT)
        ahead = np.cos(TILT) + y * np.sin(TILT)
        along = right * np.cos(BEARING) + ahead * np.sin(BEARING)
        across = ahead * np.cos(BEARING) - right * np.sin(BEARING)
        return along, np.broadcast_to(up, right.shape), across

    @property
    def stand(self) -> tuple[float, float, float]:
        """Where the camera is: along, up, across."""
        return -ORIGIN * float(np.sin(BEARING)), HEIGHT, -ORIGIN * float(np.cos(BEARING))


def _turn(along: Points, across: Points) -> tuple[Points, Points]:
    """Walkway coordinates -> to the right of the camera, and ahead of it."""
    cosine, sine = np.cos(BEARING), np.sin(BEARING)
    return along * cosine - across * sine, along * sine + across * cosine
