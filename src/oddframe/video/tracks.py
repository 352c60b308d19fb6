"""Tracks as a video without pictures, and how they are read from text files of the MOTChallenge.

A row is `frame, id, left, top, width, height, confidence, ...`: frames from 1, pixels, one box. Rows of confidence 0
do not count. Size, rate and length are in a `seqinfo.ini` beside the file, or one folder up where the file lies in
`gt/` or `det/`.
"""

from __future__ import annotations

import configparser
import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from oddframe.errors import EmptyVideo, VideoError
from oddframe.types import Boxes, Frame, VideoInfo
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps
from oddframe.video.limits import Limits


class TrackVideo(Video):
    """Boxes with identities, frame by frame; every picture is the same black one, which takes no memory.

    Args:
        frame: (N,) the frame that each box lies in, from 0; in any order.
        track: (N,) identity over time.
        box: (N, 4) x0 y0 x1 y1 in pixels; they may reach beyond the picture, as trackers' predictions do.
        width, height: of the picture, pixels.
        fps: frames per second; `ASSUMED_FPS` where None is given.
        frames: how many frames there are; None = none after the last box.
        name: the video's id.
        source: what messages call it; by default made from the name.
        limits: of how many frames there may be, and of their size.

    Raises:
        EmptyVideo: neither boxes nor frames.
        VideoError: shapes disagree; or a box is empty, not of numbers, beyond the last frame, or a second one of its
            track in its frame.

    >>> video = TrackVideo([0, 2], [7, 7], [[0, 0, 9, 20], [4, 0, 13, 20]], width=64, height=48, fps=24)
    >>> [len(frame.boxes) for frame in video]
    [1, 0, 1]
    """

    medium = "tracks"

    def __init__(
        self,
        frame: npt.ArrayLike,
        track: npt.ArrayLike,
        box: npt.ArrayLike,
        *,
        width: int,
        height: int,
        fps: Rate | None = None,
        frames: int | None = None,
        name: str = "tracks",
        source: str | None = None,
        limits: Limits = Limits(),
    ) -> None:
        source = source or f"tracks {name!r}"
        columns = np.asarray(frame, np.int64), np.asarray(track, np.int64), np.asarray(box)
        index, self._track, self._box = _in_order(source, *columns)
        count = frames
        if count is None:
            count = int(index[-1]) + 1 if len(index) else 0
        if count > limits.frames:
            raise VideoError(f"{source}: claims {count:,} frames, {limits.over('frames')}")
        if width * height > limits.pixels:
            raise VideoError(f"{source}: claims pictures of {width} x {height} pixels, {limits.over('pixels')}")
        if not count:
            raise EmptyVideo(f"{source}: has neither boxes nor frames; say how many frames the recording has")
        if len(index) and int(index[-1]) >= count:
            raise VideoError(f"{source}: has a box in frame {index[-1]}, but only {count} frames, counted from 0")
        self._starts = np.searchsorted(index, np.arange(count + 1))
        self._picture = np.broadcast_to(np.zeros((), np.uint8), (height, width, 3))
        rate = ASSUMED_FPS if fps is None else exact_fps(fps)
        super().__init__(source, VideoInfo(name, width, height, rate, count), count, fps is None)

    @property
    def boxes(self) -> int:
        """How many boxes there are in all its frames."""
        return len(self._track)

    def _pass(self) -> Iterator[Frame]:
        for index in range(len(self._starts) - 1):
            yield self._frame(index)

    def _find(self, index: int) -> Frame:
        return self._frame(index)

    def _frame(self, index: int) -> Frame:
        rows = slice(self._starts[index], self._starts[index + 1])
        boxes = Boxes(self._track[rows], self._box[rows])
        return Frame(index, self.info.seconds(index), self._picture, boxes)

    def _hash(self) -> str:
        whole = hashlib.blake2b(f"tracks {self.info.width} x {self.info.height}".encode(), digest_size=32)
        for column in (self._starts, self._track, self._box):
            whole.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).data)
        return whole.hexdigest()


Rows = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]


def _in_order(
    source: str, frame: npt.NDArray[np.int64], track: npt.NDArray[np.int64], box: npt.NDArray[np.generic]
) -> Rows:
    """The rows by frame, then by track, looked over."""
    if frame.ndim != 1 or track.shape != frame.shape or box.reshape(-1, 4).shape[0] != len(frame):
        raise VideoError(f"{source}: shapes disagree: frame {frame.shape}, track {track.shape}, box {box.shape}")
    boxes = box.reshape(-1, 4).astype(np.float32)
    bad = (frame < 0) | ~np.isfinite(boxes).all(1) | ~(boxes[:, 2:] > boxes[:, :2]).all(1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise VideoError(f"{source}: row {row}: no box of a frame: frame {frame[row]}, {boxes[row].tolist()}")
    order = np.lexsort((track, frame))
    frame, track = frame[order], track[order]
    twice = np.flatnonzero((np.diff(frame) == 0) & (np.diff(track) == 0))
    if len(twice):
        raise VideoError(f"{source}: track {track[twice[0]]} has two boxes in frame {frame[twice[0]]}; keep one")
    return frame, track, boxes[order]


WHOLE = 2**53
"""Whole numbers up to this are exact in floating point."""

_ROW = re.compile(rb"\s*\d+(\.0*)?\s*,\s*-?\d+(\.0*)?\s*,")


@dataclass(frozen=True, slots=True)
class SequenceInfo:
    """What a `seqinfo.ini` says, as far as it does.

    Args:
        width, height: pixels.
        fps: frames per second, as written.
        frames: how many.
    """

    width: int | None = None
    height: int | None = None
    fps: str | None = None
    frames: int | None = None


def is_tracks(path: Path) -> bool:
    """Whether a file is text that begins with a row of such a file."""
    if path.suffix.lower() != ".txt" or path.name.startswith(".") or not path.is_file():
        return False
    with path.open("rb") as file:
        return bool(_ROW.match(file.read(256)))


def open_tracks(
    path: Path,
    fps: Rate | None = None,
    name: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    limits: Limits = Limits(),
) -> TrackVideo:
    """The recording that such a file describes.

    Args:
        path: the file.
        fps: replaces what `seqinfo.ini` says; 25 is assumed where neither does.
        name: the video's id; else the file's name without suffix.
        size: width and height in pixels; else what `seqinfo.ini` says, else the smallest that holds all boxes.
        frames: how many there are; else what `seqinfo.ini` says where it is about this file alone, else the last
            with a box.
        limits: of how many frames there may be, of their size, and of the bytes of the file.

    Raises:
        EmptyVideo: there is no box, and nobody says how many frames there are.
        VideoError: a damaged row or `seqinfo.ini`, or detections that nobody tracked.
    """
    table = np.array(list(_rows(path, limits)), np.float64).reshape(-1, 6)
    told = _sequence(path)
    box = np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], axis=1)
    extent = np.ceil(box[:, 2:].max(axis=0, initial=1)).astype(int)
    width, height = size or (told.width or int(extent[0]), told.height or int(extent[1]))
    return TrackVideo(
        table[:, 0].astype(np.int64) - 1,
        table[:, 1].astype(np.int64),
        box,
        width=width,
        height=height,
        fps=told.fps if fps is None else fps,
        frames=frames if frames is not None else told.frames,
        name=name or path.stem,
        source=str(path),
        limits=limits,
    )


def _rows(path: Path, limits: Limits) -> Iterator[list[float]]:
    """Frame, id, left, top, width and height of every row that counts."""
    try:
        if path.stat().st_size > limits.array:
            raise VideoError(f"{path}: {path.stat().st_size:,} bytes of text, {limits.over('array')}")
        with path.open(encoding="utf-8-sig") as text:
            for number, line in enumerate(text, 1):
                if line.strip():
                    row = _row(f"{path}:{number}", line, limits)
                    if row[6:7] != [0.0]:
                        yield row[:6]
    except UnicodeDecodeError as error:
        raise VideoError(f"{path}: not a text of tracks; each line is frame,id,left,top,width,height,...") from error
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def _row(where: str, line: str, limits: Limits) -> list[float]:
    try:
        row = [float(value) for value in line.split(",")[:7]]
    except ValueError:
        row = []
    if len(row) < 6 or not all(map(math.isfinite, row)) or row[0] != int(row[0]) or row[1] != int(row[1]):
        raise VideoError(f"{where}: {line.strip()[:60]!r} is not frame,id,left,top,width,height of numbers; repair it")
    if row[0] > limits.frames:
        raise VideoError(f"{where}: a box in frame {row[0]:.0f}, {limits.over('frames')}")
    if abs(row[1]) > WHOLE:
        raise VideoError(f"{where}: id {row[1]:.0f} is beyond what numbers can tell apart; number tracks from 1")
    if row[1] == -1:
        raise VideoError(f"{where}: id -1: these are detections that nobody followed; run a tracker over them")
    if row[0] < 1 or min(row[4], row[5]) <= 0:
        raise VideoError(f"{where}: frames count from 1, and width and height are over 0, not {line.strip()[:60]!r}")
    return row


def _sequence(path: Path) -> SequenceInfo:
    """What the `seqinfo.ini` of this file says. One beside several files tells no length."""
    folder = path.absolute().parent
    own = folder.name in {"gt", "det"}
    places = [folder / "seqinfo.ini", *([folder.parent / "seqinfo.ini"] if own else [])]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return SequenceInfo()
    alone = own or sum(other.suffix.lower() == ".txt" for other in folder.iterdir()) == 1
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, "utf-8-sig")
        given = parser["Sequence"]
        sizes = [given.getint(key) for key in ("imWidth", "imHeight")]
        length = given.getint("seqLength") if alone else None
        return SequenceInfo(sizes[0], sizes[1], given.get("frameRate"), length)
    except (configparser.Error, KeyError, ValueError, OSError) as error:
        raise VideoError(f"{file}: not the description of a sequence ({error}); repair it or move it away") from error
