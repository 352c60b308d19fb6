"""What comes out of a video: frames, and what is known about the video."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from oddframe.types.arrays import FloatArray, ImageArray, IntArray, Json, frozen_array
from oddframe.types.times import Seconds, Times
from oddframe.types.values import Value

VideoId: TypeAlias = str
"""A video's name within one run: unique there, and stable from run to run."""

Medium: TypeAlias = Literal["pictures", "tracks", "features"]
"""What the frames of a recording carry: pictures; or, without pixels, what others made of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes(Value):
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
        time: seconds since the video's first frame, as the recording's timestamps say.
        image: (H, W, 3) uint8, RGB, upright; black where the recording has no pictures. Treat it as read-only.
        boxes: what was followed here; None where the recording has no tracks.
        feature: (crops, D) float32 of the segment that ends with this frame; None where none ends, or there are none.
        part: number of the part of the video that it belongs to; a new one begins after each hole in the recording.
        fault: why the picture shows nothing of its moment (`unreadable`); empty where it does.
    """

    index: int
    time: float
    image: ImageArray
    boxes: Boxes | None = None
    feature: FloatArray | None = None
    part: int = 0
    fault: str = ""

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"a frame is (H, W, 3) uint8, not {self.image.shape} {self.image.dtype}")


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known about a video.

    Args:
        id: the video's name.
        width, height: pixels, after rotation.
        fps: nominal frames per second, exact: one over the typical step from frame to frame.
        frames: how many frames it has; None where nobody has counted (a stream).
        times: when its frames are, where a pass has found out that they are not evenly spaced; None = evenly, at `fps`.
        fps_assumed: whether nothing states the frame rate, so that `fps` is an assumption.
        starts: the date and time of its first frame, where they are known; with a time zone where that is known too.

    >>> VideoInfo("gate", 360, 240, Fraction(30000, 1001)).seconds(30)
    1.001
    """

    id: VideoId
    width: int
    height: int
    fps: Fraction
    frames: int | None = None
    times: Times | None = field(default=None, repr=False)
    fps_assumed: bool = False
    starts: datetime | None = None

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.fps <= 0:
            raise ValueError(f"{self.id}: impossible video {self.width} x {self.height} at {self.fps} fps")
        if self.times is not None and len(self.times) != self.frames:
            raise ValueError(f"{self.id}: {len(self.times)} times for {self.frames} frames")

    def seconds(self, frame: float) -> float:
        """When a frame begins, in seconds; between two frames, a share of the first."""
        return float(frame / self.fps) if self.times is None else self.times.begin(frame)

    def seconds_of(self, frames: IntArray) -> Seconds:
        """The same as `seconds` of many frames: (N,)."""
        return np.asarray(
            frames / float(self.fps) if self.times is None else self.times.at(frames.astype(np.float64)), np.float64
        )

    def until(self, stop: int) -> float:
        """When the frames before `stop` are over, in seconds; a hole after them is not counted."""
        return self.seconds(stop) if self.times is None else self.times.end(stop)

    def between(self, first: int, stop: int) -> float:
        """How many seconds the frames from `first` to before `stop` last, holes not counted."""
        return self.seconds(stop - first) if self.times is None else self.times.between(first, stop)

    def counted(self, frames: int, times: Times | None = None) -> VideoInfo:
        """The same, once somebody has counted its frames and noted their times."""
        uneven = None if times is None or times.is_even else times
        return replace(self, frames=frames, times=uneven)

    def frame_times(self) -> Times:
        """When its frames are.

        Raises:
            ValueError: nobody has counted them.
        """
        if self.frames is None:
            raise ValueError(f"{self.id}: its frames have not been counted")
        return self.times or Times.even(self.frames, self.fps)

    def to_dict(self) -> dict[str, Json]:
        """What is known of the video's time, as JSON values.

        `times` is None where frames are evenly spaced, and `holes` are [end of a part, beginning of the next] in
        seconds.
        """
        ends = [] if self.times is None else [self.times.end(start) for start in self.times.starts[1:]]
        begins = [] if self.times is None else [self.times.begin(start) for start in self.times.starts[1:]]
        return {
            "video": self.id,
            "fps": float(self.fps),
            "fps_assumed": self.fps_assumed,
            "frames": self.frames,
            "times": None if self.times is None else np.round(self.times.time, 6).tolist(),
            "holes": [list(hole) for hole in zip(ends, begins, strict=True)],
            "starts": None if self.starts is None else self.starts.isoformat(),
        }

    def moment(self, seconds: float) -> datetime | None:
        """The date and time of a moment of the video; None where it is not known when the video starts."""
        return None if self.starts is None else self.starts + timedelta(seconds=seconds)
