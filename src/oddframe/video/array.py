"""Frames that are already in memory, or come from the caller's own code, as a video."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import EmptyVideo, VideoError
from oddframe.types import Frame, ImageArray, VideoInfo
from oddframe.video.base import Rate, Video, exact_fps
from oddframe.video.clock import Clock


class ArrayVideo(Video):
    """An array of frames, a sequence of them, or anything that yields them.

    Args:
        frames: (F, H, W, 3) RGB or (F, H, W) grey uint8, or an iterable of (H, W, 3) or (H, W) uint8. A single
            (H, W, 3) or (H, W) array is a video of one frame; (n, m, 3) is always one picture, never n grey ones
            that are three pixels wide. An iterator passes once; a second pass raises `VideoError`.
        fps: frames per second.
        name: the video's id.
        times: when each frame is, in seconds; None = evenly, at `fps`, which is nominal otherwise.

    Raises:
        EmptyVideo: not one frame.
        VideoError: something else than such arrays, frames of different sizes, or more frames than times.

    >>> ArrayVideo(np.zeros((50, 24, 36), np.uint8)).info.seconds(50)
    2.0
    """

    def __init__(
        self,
        frames: npt.ArrayLike | Iterable[npt.ArrayLike],
        fps: Rate = 25,
        name: str = "array",
        *,
        times: Sequence[float] | None = None,
    ) -> None:
        items = _items(frames, name)
        self._frames: Iterable[Any] = items
        self._once = iter(items) is items
        self._sequence = items if isinstance(items, np.ndarray | Sequence) else None
        passing = iter(items)
        first = next(passing, None)
        if first is None:
            raise EmptyVideo(f"{name}: has no frames; give at least one")
        height, width = _rgb(first, name, 0).shape[:2]
        if self._once:
            self._frames = chain([first], passing)
        self._begun = False
        self._times = None if times is None else _timed(times, exact_fps(fps))
        count = None if self._sequence is None else len(self._sequence)
        super().__init__(f"array {name!r}", VideoInfo(name, width, height, exact_fps(fps), count), _hint(items))

    def _pass(self) -> Iterator[Frame]:
        if self._once and self._begun:
            raise VideoError(f"{self.info.id}: its frames come from an iterator and have passed; give a list or array")
        self._begun = True
        frames = iter(self._frames)
        if self._once:
            self._frames = ()  # a chain would keep the first frame alive
        for index, item in enumerate(frames):
            yield self._frame(index, item)

    def _find(self, index: int) -> Frame:
        if self._sequence is None:
            return super()._find(index)
        return self._frame(index, self._sequence[index])

    def _frame(self, index: int, item: object) -> Frame:
        image = _rgb(item, self.info.id, index)
        height, width = image.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            first = f"{self.info.width} x {self.info.height}"
            raise VideoError(f"{self.info.id}: frame {index} is {width} x {height} where the first is {first}")
        if self._times is None:
            return Frame(index, self.info.seconds(index), image)
        if index >= len(self._times):
            raise VideoError(f"{self.info.id}: has more than {len(self._times)} frames, and no times for them")
        time, part = self._times[index]
        return Frame(index, time, image, part=part)

    def _hash(self) -> str | None:
        if self._once:
            return None
        times = "" if self._times is None else str(self._times)
        whole = hashlib.blake2b(f"{self.info.width} x {self.info.height}{times}".encode(), digest_size=32)
        for frame in self:
            whole.update(np.ascontiguousarray(frame.image).data)
        return whole.hexdigest()


def _timed(times: Sequence[float], fps: Fraction) -> list[tuple[float, int]]:
    """The time and the part of each frame."""
    clock, given = Clock(fps), [float(time) for time in times]
    return [clock.read(time, after) for time, after in zip(given, [*given[1:], None], strict=True)]


def is_one_video(value: object) -> bool:
    """Whether a value holds the frames of one video: a stack of pictures, a list of pictures, or one picture."""
    if isinstance(value, np.ndarray):
        return True
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return False
    return all(isinstance(item, np.ndarray) and _is_picture(item) for item in value)


def _is_picture(array: npt.NDArray[Any]) -> bool:
    return array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)


def _items(frames: Any, name: str) -> Iterable[Any]:
    if isinstance(frames, np.ndarray):
        if _is_picture(frames):
            return frames[np.newaxis]
        if frames.ndim in {3, 4}:
            return frames
        raise VideoError(f"{name}: an array of frames is (F, H, W, 3) or (F, H, W), not {frames.shape}")
    if isinstance(frames, Iterable) and not isinstance(frames, str | bytes):
        return frames
    raise VideoError(f"{name}: frames are arrays or an iterable of arrays, not {type(frames).__name__}")


def _rgb(item: object, name: str, index: int) -> ImageArray:
    image = np.asarray(item)
    if image.dtype != np.uint8:
        raise VideoError(f"{name}: frame {index} holds {image.dtype}; convert it to uint8, 0 to 255")
    if not _is_picture(image) or not image.size:
        raise VideoError(f"{name}: frame {index} is {image.shape}, not (height, width, 3) or (height, width)")
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)


def _hint(items: object) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None
