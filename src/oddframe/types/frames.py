"""What comes out of a video: frames, what is known about the video, and windows over its frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from oddframe.types.arrays import FloatArray, ImageArray, IntArray, frozen_array

VideoId: TypeAlias = str
"""A video's name within one run: unique there, and stable from run to run."""

Medium: TypeAlias = Literal["pictures", "tracks", "features"]
"""What the frames of a recording carry: pictures; or, without pixels, what others made of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """What a detector and a tracker found in one frame.

    Args:
        track: (N,) identity over time.
        box: (N, 4) x0 y0 x1 y1 in pixels of the frame.

    Raises:
        ValueError: shapes disagree.
    """

    track: IntArray
    box: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "track", frozen_array(self.track, np.int64, "track", None))
        object.__setattr__(self, "box", frozen_array(self.box, np.float32, "box", len(self.track), 4))

    def __len__(self) -> int:
        return len(self.track)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Args:
        index: position in the video, 0-based, without gaps.
        time: seconds since the video's first frame.
        image: (H, W, 3) uint8, RGB, upright; black where the recording has no pictures. Treat it as read-only.
        boxes: what was followed here; None where the recording has no tracks.
        feature: (crops, D) float32 of the segment that ends with this frame; None where none ends, or there are none.
    """

    index: int
    time: float
    image: ImageArray
    boxes: Boxes | None = None
    feature: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"a frame is (H, W, 3) uint8, not {self.image.shape} {self.image.dtype}")


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known about a video before its last frame is seen.

    Args:
        id: the video's name.
        width, height: pixels, after rotation.
        fps: frames per second, exact.
        frames: how many frames it has; None where nobody has counted (a stream).

    >>> VideoInfo("gate", 360, 240, Fraction(30000, 1001)).seconds(30)
    1.001
    """

    id: VideoId
    width: int
    height: int
    fps: Fraction
    frames: int | None = None

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.fps <= 0:
            raise ValueError(f"{self.id}: impossible video {self.width} x {self.height} at {self.fps} fps")

    def seconds(self, frame: float) -> float:
        """The time of a frame index, in seconds."""
        return float(frame / self.fps)


@dataclass(frozen=True, slots=True)
class Window:
    """The frames that one observation needs.

    Window number k holds frames `k * stride + i * dilation` for i in 0 .. length - 1.

    Args:
        length: how many frames, >= 1.
        stride: frames from one window to the next, >= 1.
        dilation: frames from one member to the next, >= 1.
        about: the offset, from the window's first frame, of the frame that the observation is about.
            It may be any frame that the window spans.

    >>> Window(length=32, stride=8, about=16).extent
    32
    """

    length: int
    stride: int = 1
    dilation: int = 1
    about: int = 0

    def __post_init__(self) -> None:
        if min(self.length, self.stride, self.dilation) < 1:
            raise ValueError(f"length, stride and dilation are at least 1: {self}")
        if not 0 <= self.about < self.extent:
            raise ValueError(f"about must lie within the window's {self.extent} frames: {self}")

    @property
    def extent(self) -> int:
        """Frames from the first member to the last, both counted."""
        return (self.length - 1) * self.dilation + 1
