"""Boxes in frames, in columns: what a video truly shows and what was detected in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError
from oddframe.types import IntArray, Value, frozen_array

Reals: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrueRegions(Value):
    """The G anomalous regions of one video, in any order.

    Args:
        frames: of the whole video, annotated or not, >= 1.
        frame: (G,) the frame that each lies in, 0 .. frames - 1.
        box: (G, 4) x0 y0 x1 y1 in pixels, x0 < x1 and y0 < y1.
        track: (G,) identity over time, counted within the video; None where nobody annotated it.

    Raises:
        DataError: shapes that differ, a NaN, a box without area, a frame outside the video.

    >>> len(TrueRegions(frames=100, frame=[3, 4], box=[[0, 0, 8, 9], [1, 0, 9, 9]], track=[1, 1]))
    2
    """

    frames: int
    frame: IntArray
    box: Reals
    track: IntArray | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        frame = _whole(self.frame, "frame")
        put(self, "frame", frame)
        put(self, "box", _boxes(self.box, len(frame)))
        if self.track is not None:
            put(self, "track", _whole(self.track, "track", len(frame)))
        if self.frames < 1 or (len(frame) and not 0 <= frame.min() <= frame.max() < self.frames):
            raise DataError(f"a true region lies outside the video's {self.frames} frames: count from 0, give them all")
        if bool((self.box[:, 2:] <= self.box[:, :2]).any()):
            row = int(np.flatnonzero((self.box[:, 2:] <= self.box[:, :2]).any(1))[0])
            raise DataError(f"true region {row} has no area: give boxes as x0 y0 x1 y1")

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True, eq=False)
class DetectedRegions(Value):
    """The N detected regions of one video, in any order.

    Args:
        frame: (N,) the frame that each lies in, >= 0.
        box: (N, 4) x0 y0 x1 y1 in pixels, x0 <= x1 and y0 <= y1.
        score: (N,) finite; higher = more anomalous, comparable between videos.

    Raises:
        DataError: shapes that differ, a NaN or infinite value, corners in the wrong order.

    >>> len(DetectedRegions(frame=[3], box=[[0, 0, 8, 9]], score=[0.7]))
    1
    """

    frame: IntArray
    box: Reals
    score: Reals

    def __post_init__(self) -> None:
        put = object.__setattr__
        frame = _whole(self.frame, "frame")
        put(self, "frame", frame)
        put(self, "box", _boxes(self.box, len(frame)))
        put(self, "score", _finite(self.score, "score", len(frame)))
        if bool((self.box[:, 2:] < self.box[:, :2]).any()):
            row = int(np.flatnonzero((self.box[:, 2:] < self.box[:, :2]).any(1))[0])
            raise DataError(f"detected region {row} has its corners in the wrong order: give boxes as x0 y0 x1 y1")

    def __len__(self) -> int:
        return len(self.frame)


def _boxes(values: npt.ArrayLike, rows: int) -> Reals:
    if np.size(values) == 0 and rows == 0:
        values = np.zeros((0, 4))
    return _finite(values, "box", rows, 4)


def _finite(values: npt.ArrayLike, name: str, *shape: int) -> Reals:
    array: Reals = _shaped(values, np.float64, name, *shape)
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(f"{name} of region {row} is NaN or infinite: leave out regions that have no place or no score")
    return array


def _whole(values: npt.ArrayLike, name: str, rows: int | None = None) -> IntArray:
    array: IntArray = _shaped(values, np.int64, name, rows)
    if not np.array_equal(array, np.asarray(values)):
        raise DataError(f"{name} must be whole numbers, one a region")
    return array


def _shaped(values: npt.ArrayLike, dtype: npt.DTypeLike, name: str, *shape: int | None) -> npt.NDArray[Any]:
    try:
        with np.errstate(invalid="ignore"):  # a NaN among whole numbers is refused just below, by name
            return frozen_array(values, dtype, name, *shape)
    except (TypeError, ValueError) as error:
        raise DataError(f"every column of regions needs one row of numbers each: {error}") from error
