"""Observer `sequence`: the last few frames, whole and resized."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import torch
from cv2.typing import MatLike

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.types import Field, Frame, ImageArray, Observations, Run, Spec, VideoInfo, Window


class Sequence(Observer):
    """Gives each frame together with those before it, for models that look at pixels (paper LGN-Net, 3: 4 + 1 frames).

    One observation a frame, from the first that has enough frames before it: about that frame, known with it, and its
    box is the whole picture. The entry `frames` is uint8, (length, channels, size, size), oldest first; channels are
    red, green and blue, or with `grey` one of brightness. The picture is squeezed to a square, averaged where it
    shrinks and interpolated where it grows.

    Args:
        size: pixels of each side.
        grey: whether to keep brightness alone.
        length: frames of one observation, the last of which it is about.
        step: frames from one to the next; papers count frames, at whatever rate.

    Raises:
        SettingsError: a value out of range.

    >>> Sequence().spec.fields["frames"].shape
    (5, 3, 256, 256)
    """

    name = "sequence"

    def __init__(self, *, size: int = 256, grey: bool = False, length: int = 5, step: int = 1) -> None:
        if min(size, length, step) < 1:
            raise SettingsError("sequence: size, length and step are at least 1")
        self.size, self.grey, self.length, self.step = size, grey, length, step

    @property
    def spec(self) -> Spec:
        shape = (self.length, 1 if self.grey else 3, self.size, self.size)
        return Spec({"frames": Field(shape, torch.uint8, slide=self.step)})

    def window(self, video: VideoInfo) -> Window:
        """The frames of one observation, about the last of them."""
        return Window(length=self.length, dilation=self.step, about=(self.length - 1) * self.step)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return SequenceStream(self, video)


class SequenceStream(ObservationStream):
    """Resizes each frame once and keeps as many as one observation spans."""

    def __init__(self, observer: Sequence, video: VideoInfo) -> None:
        self._observer, self._video = observer, video
        self._extent = observer.window(video).extent
        self._recent: deque[ImageArray] = deque(maxlen=self._extent)
        self._box = np.array([[0, 0, video.width, video.height]], np.float32)
        self._seen = 0

    def push(self, frame: Frame) -> Observations:
        self._recent.append(square(frame.image, self._observer.size, grey=self._observer.grey))
        self._seen = frame.index + 1
        if len(self._recent) < self._extent:
            return self._nothing()
        frames = np.stack([self._recent[i] for i in range(0, self._extent, self._observer.step)])  # (length, C, S, S)
        return Observations(
            video=self._video.id,
            frame=np.array([frame.index]),
            span=np.array([[frame.index, frame.index + 1]]),
            ready=np.array([frame.index]),
            box=self._box,
            data={"frames": torch.from_numpy(frames)[None]},
            through=frame.index + 1,
        )

    def close(self) -> Observations:
        return self._nothing()

    def _nothing(self) -> Observations:
        return Observations.none(self._video.id, self._observer.spec, through=self._seen)


def square(image: ImageArray, size: int, *, grey: bool) -> ImageArray:
    """(C, size, size) uint8 of a picture (H, W, 3) RGB; C is 1 for grey, else 3."""
    seen = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if grey else image
    return np.ascontiguousarray(np.atleast_3d(squeezed(seen, size)).transpose(2, 0, 1), np.uint8)


def squeezed(picture: MatLike, size: int) -> MatLike:
    """A picture (H, W) or (H, W, C) of any numbers as (size, size, ...): averaged or interpolated, side by side."""
    height, width = picture.shape[:2]
    # OpenCV averages only where both sides shrink, so a side that grows waits its turn.
    small = cv2.resize(picture, (min(width, size), min(height, size)), interpolation=cv2.INTER_AREA)
    if small.shape[:2] == (size, size):
        return small
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)
