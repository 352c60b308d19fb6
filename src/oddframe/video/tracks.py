"""What a detector and a tracker made of a recording, as a video without pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from oddframe.errors import EmptyVideo, VideoError
from oddframe.types import Boxes, Frame, VideoInfo
from oddframe.video.base import Video
from oddframe.video.rates import ASSUMED_FPS, Rate, exact_fps


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
    ) -> None:
        source = source or f"tracks {name!r}"
        columns = np.asarray(frame, np.int64), np.asarray(track, np.int64), np.asarray(box)
        index, self._track, self._box = _in_order(source, *columns)
        count = frames
        if count is None:
            count = int(index[-1]) + 1 if len(index) else 0
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
