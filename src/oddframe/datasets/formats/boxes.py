"""Parsers of abnormal regions with their tracks, from the forms in which they are published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.datasets.base import Boxer, LabelledBoxes
from oddframe.datasets.formats.layout import entries, needed
from oddframe.errors import DataError
from oddframe.types import VideoInfo

Row: TypeAlias = tuple[int, int, float, float, float, float]
"""Frame, counted from 0; track; and the box's x0 y0 x1 y1."""

TRACKS = "tracks"
"""The folder for tracks that come apart from the pictures."""

_NUMBER = r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_CENTRES = re.compile(r"\S*?0*([1-9]\d*)\.jpg\s+(\d+)" + rf"\s+({_NUMBER})" * 4 + r"\s*")
_CORNERS = re.compile(r"(\d+)(?:\.0*)?\s*,\s*(\d+)(?:\.0*)?" + rf"\s*,\s*({_NUMBER})" * 4 + r"\s*")


def from_centres(file: Path) -> Boxer:
    """Read regions from rows `PICTURE.jpg TRACK X Y WIDTH HEIGHT` (X, Y: the centre), pictures counted from 1.

    This is the form of Street Scene, and of the tracks of UCSD and Avenue by Ramachandra and Jones. The boxer raises
    DataError.
    """
    return partial(_boxes, file, centre_rows)


def from_corners(file: Path) -> Boxer:
    """Read regions from rows `TRACK,FRAME,X0,Y0,X1,Y1`, frames counted from 0, as of ShanghaiTech by Georgescu et al.

    The boxer raises DataError.
    """
    return partial(_boxes, file, _corner_rows)


def beside(folders: Sequence[Path], video: str) -> Boxer | None:
    """Read regions from `TestNNN_gt.txt` (NNN: the number of the video) in the first of the folders with such files.

    Returns:
        A boxer; None where no folder has such files.

    Raises:
        DataError: a folder has such files, but none for this video.
    """
    digits = re.search(r"\d+", video)
    folder = next((folder for folder in folders if entries(folder, r"Test\d+_gt\.txt")), None)
    if folder is None or digits is None:
        return None
    found = entries(folder, rf"Test0*{int(digits[0])}_gt\.txt")
    return from_centres(found[0] if found else needed(folder / f"Test{digits[0]}_gt.txt", f"the tracks of {video!r}"))


def centre_rows(file: Path) -> Iterator[Row]:
    """Read the rows of a file as `from_centres` describes it.

    Raises:
        DataError: the file is missing, or a row is malformed.
    """
    for where, line in _lines(file):
        row = _CENTRES.fullmatch(line)
        if not row:
            raise DataError(
                f"{where}: a row is a picture, a track, a centre and a size, not {line!r}; download it again"
            )
        frame, track = int(row[1]) - 1, int(row[2])
        x, y, width, height = map(float, row.groups()[2:])
        yield frame, track, x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _corner_rows(file: Path) -> Iterator[Row]:
    for where, line in _lines(file):
        row = _CORNERS.fullmatch(line)
        if not row:
            raise DataError(f"{where}: a row is track,frame,x0,y0,x1,y1, not {line!r}; download it again")
        x0, y0, x1, y1 = map(float, row.groups()[2:])
        yield int(row[2]), int(row[1]), x0, y0, x1, y1


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    text = needed(file, "the abnormal regions of a test video").read_text("utf-8-sig", "replace")
    yield from ((f"{file}:{number}", line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _boxes(file: Path, rows: Callable[[Path], Iterator[Row]], info: VideoInfo) -> LabelledBoxes:
    """Cut to the picture, beyond which some reach by design: things that come and go."""
    found = np.array(list(rows(file)), np.float64).reshape(-1, 6)
    box: npt.NDArray[np.float64] = np.clip(found[:, 2:], 0, [info.width, info.height] * 2)
    empty = np.flatnonzero((box[:, :2] >= box[:, 2:]).any(1))
    if len(empty):
        frame, track = int(found[empty[0], 0]), int(found[empty[0], 1])
        size = f"{info.width} x {info.height}"
        raise DataError(
            f"{file}: track {track} has no area within the {size} picture {frame + 1} of video {info.id!r}; the tracks"
            " may be another video's, or made for another size"
        )
    return LabelledBoxes(found[:, 0].astype(np.int64), box.astype(np.float32), found[:, 1].astype(np.int64))
