"""One video as the sequence observer sees it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from cv2.typing import MatLike

from oddframe.observers.base import ObservationStream
from oddframe.types import Frame, ImageArray, Observations, VideoInfo

if TYPE_CHECKING:
    from oddframe.observers.sequence import Sequence


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
