"""Turning stored pictures upright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oddframe.types import ImageArray, IntArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes an upright one: transpose first, then flip rows (up-down) and columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def from_matrix(cls, matrix: IntArray) -> Orientation:
        """From a display matrix: (9,) integers a b u c d v x y w, so that x' = ax + cy and y' = bx + dy.

        Any angle is taken as the nearest quarter turn; mirrored pictures are turned back too.
        ISO/IEC 14496-12, 6.2.2.

        >>> Orientation.from_matrix(np.array([0, 65536, 0, -65536, 0, 0, 0, 0, 1]))
        Orientation(transpose=True, flip_rows=False, flip_columns=True)
        """
        a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
        if abs(b) > abs(a):
            return cls(transpose=True, flip_rows=b < 0, flip_columns=c < 0)
        return cls(flip_rows=d < 0, flip_columns=a < 0)

    def upright(self, image: ImageArray) -> ImageArray:
        """The picture as it is meant to be looked at, contiguous in memory."""
        if self.transpose:
            image = image.transpose(1, 0, 2)
        if self.flip_rows:
            image = image[::-1]
        if self.flip_columns:
            image = image[:, ::-1]
        return np.ascontiguousarray(image)
