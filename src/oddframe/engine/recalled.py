"""When the frames of videos that a detector learnt from were, in the few numbers that are saved with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np

from oddframe.types import Seconds, Times, VideoId, VideoInfo

ERROR = 0.02
"""Seconds by which a time may be wrong that is told of a video whose frames are not evenly spaced."""

Knots: TypeAlias = tuple[tuple[int, float], ...]
"""Frames and their times, between which times rise evenly; none where they do so over all of a video."""


@dataclass(frozen=True, slots=True)
class RecalledTimes:
    """The times of a video's frames, as they are remembered.

    Args:
        fps: nominal frames a second.
        knots: of frames that are not evenly spaced.

    >>> RecalledTimes(Fraction(25), ((0, 0.0), (10, 0.4), (11, 60.0))).seconds(5)
    0.2
    """

    fps: Fraction
    knots: Knots = ()

    @classmethod
    def of(cls, info: VideoInfo) -> Self:
        """What is remembered of a video whose frames are counted."""
        return cls(info.fps, () if info.times is None else knots_of(info.times))

    def seconds(self, frame: int) -> float:
        """When a frame was, in seconds since the first one."""
        if not self.knots:
            return float(frame / self.fps)
        frames, times = zip(*self.knots, strict=True)
        beyond = max(frame - frames[-1], 0) / self.fps
        return float(np.interp(frame, frames, times)) + float(beyond)


def knots_of(times: Times) -> Knots:
    """The fewest-found frames between which times are straight, but for `ERROR`; holes stay sharp."""
    kept = {0, len(times) - 1} | {frame for start in times.starts[1:] for frame in (start - 1, start)}
    waiting = sorted(kept)
    pieces = list(pairwise(waiting))
    while pieces:
        first, last = pieces.pop()
        middle = _farthest(times.time, first, last)
        if middle is not None:
            kept.add(middle)
            pieces += [(first, middle), (middle, last)]
    return tuple((frame, round(float(times.time[frame]), 6)) for frame in sorted(kept))


def _farthest(time: Seconds, first: int, last: int) -> int | None:
    """The frame between two that lies farthest from the line through them; None where all lie near."""
    if last - first < 2:
        return None
    inside = np.arange(first + 1, last)
    line = np.interp(inside, [first, last], [time[first], time[last]])
    away = np.abs(time[inside] - line)
    return int(inside[np.argmax(away)]) if away.max() > ERROR else None


def knots_by_video(infos: Sequence[VideoInfo]) -> dict[VideoId, Knots]:
    """Those of the videos whose frames are not evenly spaced."""
    return {info.id: knots_of(info.times) for info in infos if info.times is not None}


def knots_from_json(told: Mapping[str, Any]) -> dict[VideoId, Knots]:
    """What was saved. Raises `TypeError` or `ValueError` for anything else."""
    return {
        str(video): tuple((int(frame), float(time)) for frame, time in knots) for video, knots in dict(told).items()
    }
