"""Which way a camera looks, as a fingerprint of where the edges of its scene are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, cast

import cv2
import numpy as np

from oddframe.errors import StoreError
from oddframe.types import FloatArray, ImageArray, Json, Value, frozen_array

GRID = (48, 64)
"""Rows and columns of a fingerprint."""

_NEIGHBOURHOOD = 13  # cells, over which edge strength is compared: a bright half of the picture says nothing


@dataclass(frozen=True, slots=True, eq=False)
class View(Value):
    """A camera's view.

    Args:
        grid: (48, 64) float32, how much stronger the edges of each cell are than those around it;
            brought to mean 0 and norm 1, so that the product of two is their correlation.

    Raises:
        ValueError: another shape.
    """

    grid: FloatArray

    def __post_init__(self) -> None:
        grid = np.asarray(self.grid, np.float32)
        object.__setattr__(self, "grid", frozen_array(_unit(grid), np.float32, "view", *GRID))

    def to_json(self) -> dict[str, Json]:
        """As JSON values, 4 kilobytes; `from_json` gives it back to 8 bits."""
        peak = float(np.abs(self.grid).max()) or 1.0
        levels = np.round(self.grid * (127 / peak)).astype(np.int8)
        return {"shape": list(GRID), "levels": base64.b64encode(levels.tobytes()).decode()}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The view that `to_json` described.

        Raises:
            StoreError: it is no such description.
        """
        try:
            rows, columns = cast(Sequence[int], value["shape"])
            levels = np.frombuffer(base64.b64decode(str(value["levels"]), validate=True), np.int8)
            return cls(levels.reshape(rows, columns).astype(np.float32))
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise StoreError(f"a saved camera view is damaged ({error}); fit again") from error


def fingerprint(grey: ImageArray) -> FloatArray:
    """The (48, 64) fingerprint of one picture, of mean 0 and norm 1.

    Edge strengths enter by their square root, less the mean around them: so neither brightness, nor contrast, nor one
    strong edge decides.

    Args:
        grey: (192, 256) uint8, four by four pixels a cell.
    """
    calm = cv2.GaussianBlur(grey, (5, 5), 0)
    across, down = cv2.Sobel(calm, cv2.CV_32F, 1, 0), cv2.Sobel(calm, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(across, down)
    cells = np.sqrt(cv2.resize(strength, GRID[::-1], interpolation=cv2.INTER_AREA))
    return _unit(np.asarray(cells - cv2.blur(cells, (_NEIGHBOURHOOD, _NEIGHBOURHOOD)), np.float32))


def _unit(grid: FloatArray) -> FloatArray:
    centred = grid - grid.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)
