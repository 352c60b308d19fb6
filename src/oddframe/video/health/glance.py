"""What one picture alone says: how much light, how much detail."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from oddframe.types import FloatArray, ImageArray

SIZE = (256, 192)
"""Width and height of the grey copy that everything is judged on."""

_MARGIN = 0.1  # of the height, at top and bottom: where cameras write the time, which stays sharp whatever happens
_FEW = 0.002  # of all pixels: so many may be edges in the plainest scene


@dataclass(frozen=True, slots=True)
class Glance:
    """Light and detail of one picture, in grey levels (0 to 255) unless said otherwise.

    Args:
        level: nearly the brightest (99th percentile).
        contrast: from nearly the darkest to nearly the brightest.
        edge: the strongest step between neighbouring 80ths of the picture, noise averaged out.
        sharpness: share of the strongest wide step that happens within one pixel of 160: about 0.4 in focus,
            0.06 where there are only gradients.
    """

    level: float
    contrast: float
    edge: float
    sharpness: float


def small_grey(image: ImageArray) -> ImageArray:
    """(H, W, 3) RGB as a (192, 256) grey copy, averaged, without the strips at top and bottom."""
    margin = int(image.shape[0] * _MARGIN)
    grey = np.asarray(cv2.cvtColor(image[margin : image.shape[0] - margin], cv2.COLOR_RGB2GRAY), np.uint8)
    return np.asarray(cv2.resize(_shrunk(grey), SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def glance(small: ImageArray) -> Glance:
    """Judge the copy that `small_grey` gives."""
    low, high = np.percentile(small[::2, ::2], (1, 99))
    coarse, fine = _smooth(small, 80, 48), _smooth(small, 160, 96)
    step, wide = _strongest(fine, 1), _strongest(fine, 16)
    return Glance(float(high), float(high - low), _strongest(coarse, 1), step / (wide + 1))


def _shrunk(grey: ImageArray) -> ImageArray:
    """A large picture shrunk by a whole factor first, which is five times faster than by a broken one."""
    height, width = grey.shape
    factor = min(width // SIZE[0], height // SIZE[1])
    if factor < 2:
        return grey
    size = width // factor, height // factor
    whole = grey[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def _smooth(small: ImageArray, width: int, height: int) -> FloatArray:
    shrunk = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(shrunk, (3, 3), 0), np.float32)


def _strongest(grey: FloatArray, distance: int) -> float:
    rows, columns = grey[::2], grey[:, ::2]  # every second line is enough for a quantile
    across = cv2.absdiff(rows[:, distance:], rows[:, :-distance]).ravel()
    down = cv2.absdiff(columns[distance:], columns[:-distance]).ravel()
    steps = np.concatenate([across, down])
    rank = int(len(steps) * (1 - _FEW))
    return float(np.partition(steps, rank)[rank])
