"""Where in a picture something stands out, for models that see pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oddframe.types.arrays import FloatArray, IntArray, frozen_array
from oddframe.types.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class HotSpots(Value):
    """R hot spots: the parts of the anomaly maps of N observations that stand out.

    Args:
        row: (R,) the observation that each was found in, not decreasing.
        box: (R, 4) x0 y0 x1 y1 in pixels of the source frame, within the observation's box.
        score: (R,) the highest value of the map in it; comparable between frames and videos.

    Raises:
        ValueError: shapes disagree, or rows go backwards.
    """

    row: IntArray
    box: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "row", frozen_array(self.row, np.int64, "row", None))
        put(self, "box", frozen_array(self.box, np.float32, "box", len(self.row), 4))
        put(self, "score", frozen_array(self.score, np.float32, "score", len(self.row)))
        if bool((np.diff(self.row) < 0).any()):
            raise ValueError("hot spots must be in the order of their observations")

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def none(cls) -> HotSpots:
        """No hot spots."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    @classmethod
    def concatenate(cls, pieces: Sequence[HotSpots], counts: Sequence[int]) -> HotSpots:
        """Those of consecutive pieces of one video, which have so many observations."""
        starts = np.cumsum([0, *counts])[:-1]
        return cls(
            np.concatenate([np.zeros(0, np.int64), *(p.row + start for p, start in zip(pieces, starts, strict=True))]),
            np.concatenate([np.zeros((0, 4), np.float32), *(p.box for p in pieces)]),
            np.concatenate([np.zeros(0, np.float32), *(p.score for p in pieces)]),
        )

    def select(self, rows: IntArray, of: int) -> HotSpots:
        """Those of the observations at `rows`, of `of` all in all; they then count from 0 in the order of `rows`."""
        place = np.full(of, -1)
        place[rows] = np.arange(len(rows))
        moved = place[self.row]
        order = np.argsort(moved, kind="stable")
        kept = order[moved[order] >= 0]
        return HotSpots(moved[kept], self.box[kept], self.score[kept])

    def of(self, row: int) -> slice:
        """Which hot spots belong to one observation."""
        first, stop = np.searchsorted(self.row, [row, row + 1])
        return slice(int(first), int(stop))
