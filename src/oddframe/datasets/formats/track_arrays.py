"""Arrays by name from one `.npz` file, and the boxes of many videos in one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError
from oddframe.video import TrackVideo
from oddframe.video.array_files import ArrayArchive
from oddframe.video.base import Rate
from oddframe.video.limits import Limits

_BOX = ("x0", "y0", "x1", "y1")


class NamedArrays:
    """A `.npz` file, of which each array is read when it is first needed. Objects are refused: they could run code.

    Args:
        file: what to read.
        limits: of what one array may take.
    """

    def __init__(self, file: Path, limits: Limits = Limits()) -> None:
        self.file = file
        self._archive = ArrayArchive(file, limits)
        self._read: dict[str, npt.NDArray[Any]] = {}

    def array(self, name: str) -> npt.NDArray[Any]:
        """Read the array of that name.

        Raises:
            DataError: there is none, or the file is damaged, holds objects or more than the limits.
        """
        if name not in self._read:
            self._read[name] = self._archive.array(name)
        return self._read[name]


class TrackArrays:
    """The boxes of many videos in one `.npz` file: `names`, and per box `video`, `frame`, `track`, `x0 y0 x1 y1`.

    Args:
        file: what to read.
        size: width and height of all videos, pixels.
        fps: of all videos.
    """

    def __init__(self, file: Path, size: tuple[int, int], fps: Rate, limits: Limits = Limits()) -> None:
        self.file, self.size, self.fps = file, size, fps
        self._arrays = NamedArrays(file, limits)

    def names(self) -> list[str]:
        """The videos, in natural order.

        Raises:
            DataError: the file is damaged.
        """
        return sorted(map(str, self._arrays.array("names").ravel().tolist()))

    def open(self, name: str, least: int = 0) -> TrackVideo:
        """Open one video, which ends with its last tracked frame, but has at least `least` frames.

        Raises:
            DataError: the file is damaged.
            VideoError: its boxes are.
        """
        video, frame, track, box = self._table
        number = self._numbers[name]
        rows = slice(*np.searchsorted(video, [number, number + 1]))
        last = int(frame[rows].max(initial=-1)) + 1
        return TrackVideo(
            frame[rows],
            track[rows],
            box[rows],
            width=self.size[0],
            height=self.size[1],
            fps=self.fps,
            frames=max(last, least),
            name=name,
            source=f"{self.file}: {name}",
        )

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self._arrays.array("names").ravel().tolist())}

    @cached_property
    def _table(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Video, frame, track and box of every row, by video."""
        columns = [self._arrays.array(column).ravel() for column in ("video", "frame", "track", *_BOX)]
        if len({len(column) for column in columns}) > 1:
            raise DataError(
                f"{self.file}: its columns have {sorted({len(c) for c in columns})} rows; download it again"
            )
        order = np.argsort(columns[0], kind="stable")
        video, frame, track, *box = (column[order] for column in columns)
        return video, frame, track, np.stack(box, axis=1)
