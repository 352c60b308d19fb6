"""Pictures of more than 8 bits as 8 bits: which values become black and white.

A thermal camera uses a few hundred of 65,536 levels, and a 12-bit camera the lowest sixteenth of them: cut to their
upper 8 bits, such pictures show nothing. They are scaled by the range that they use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import StoreError
from oddframe.types import ImageArray, Json

FULL = 1 << 16
"""Values that 16 bits have."""

_LEAST = FULL // 4  # values; a picture that uses fewer of them would be left with under 64 of 256 grey levels
_TAIL = 0.5  # per cent of the values at either end that tell nothing: dead pixels, a line of telemetry
_ROOM = 0.25  # of the range, added at either end: a fire is hotter than anything that was seen before
_ENOUGH = 50_000  # values of a picture, evenly drawn, from which its range is told


@dataclass(frozen=True, slots=True)
class Levels:
    """Which values of a deep picture are shown.

    Args:
        low: the value that becomes black; lower ones do, too.
        high: values from this one on become white.

    >>> Levels(1000, 2024).applied(np.array([[900, 1000, 1512, 2023, 3000]], np.uint16))
    array([[  0,   0, 128, 255, 255]], dtype=uint8)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise ValueError(f"levels run from a number to a higher one, not from {self.low} to {self.high}")

    @classmethod
    def of(cls, pictures: Iterable[npt.NDArray[Any]]) -> Self:
        """The range that pictures use, or all 16 bits where they use a quarter of them or more.

        Args:
            pictures: (H, W) or (H, W, 3) each, of integers or of floating-point numbers.
        """
        drawn, whole = [], True
        for picture in pictures:
            values = picture.reshape(-1)[:: max(1, picture.size // _ENOUGH)]
            whole = whole and values.dtype == np.uint16
            drawn.append(values[np.isfinite(values)].astype(np.float64))
        values = np.concatenate([*drawn, np.zeros(0)])
        low, high = np.percentile(values, (_TAIL, 100 - _TAIL)).tolist() if len(values) else (0.0, 0.0)
        room = (high - low) * _ROOM
        if whole:
            if not 0 < high - low < _LEAST:
                return cls(0, FULL)
            return cls(max(0, int(low - room)), min(FULL, int(high + room) + 1))
        return cls(low - room, high + room) if room else cls(low, low + 1)

    @classmethod
    def around(cls, several: Iterable[Levels | None]) -> Levels | None:
        """The range that holds all of several; None where there is none."""
        known = [levels for levels in several if levels is not None]
        return Levels(min(one.low for one in known), max(one.high for one in known)) if known else None

    @property
    def whole(self) -> bool:
        """Whether all 16 bits are shown."""
        return (self.low, self.high) == (0, FULL)

    def applied(self, picture: npt.NDArray[Any]) -> ImageArray:
        """A deep picture in 8 bits, of the same shape; what is no number becomes black."""
        if picture.dtype == np.uint16:
            return np.asarray(self._scaled(np.arange(FULL))[picture], np.uint8)
        return self._scaled(np.nan_to_num(picture.astype(np.float64), nan=self.low))

    def _scaled(self, values: npt.NDArray[Any]) -> ImageArray:
        return np.clip((values - self.low) * (256 / (self.high - self.low)), 0, 255).astype(np.uint8)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"

    def to_json(self) -> dict[str, Json]:
        """As JSON values; `from_json` reads them."""
        return {"low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The levels that `to_json` described.

        Raises:
            StoreError: it is no such description.
        """
        try:
            return cls(float(value["low"]), float(value["high"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise StoreError(f"saved levels are damaged ({error}); fit again") from error


def is_deep(picture: npt.NDArray[Any]) -> bool:
    """Whether it has more than 8 bits."""
    return picture.dtype != np.uint8


def as_rgb(picture: npt.NDArray[Any], levels: Levels | None) -> ImageArray:
    """(H, W) grey or (H, W, 3) RGB of any depth as (H, W, 3) uint8; a deep one needs levels."""
    if is_deep(picture):
        picture = (levels or Levels.of([picture])).applied(picture)
    return picture if picture.ndim == 3 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
