"""The oddest moments of many videos, one after the other: peaks of frame scores that are not parts of one event."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from oddframe.errors import SettingsError
from oddframe.scoring import find_events
from oddframe.types import BoolArray, Event, FloatArray, Timeline, VideoId

SLACK = 1e-9
"""Frames: 2 s at 25 fps are 50 of them, whatever binary fractions say."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the oddest stretches of several videos.

    Args:
        rank: 1 is the oddest.
        video: whose it is.
        event: from where to where, its peak and score, and the box of the oddest observation there.
    """

    rank: int
    video: VideoId
    event: Event


@dataclass(frozen=True, slots=True)
class Spacing:
    """What is one moment, and what are two.

    Args:
        level: a moment lasts while the score keeps this share of the peak's height above the median of all videos.
        longest: seconds that it lasts at most, half of them before its peak and half after.
        apart: seconds from the end of one moment to the peak of another of the same video, at least.

    Raises:
        SettingsError: a value out of range.
    """

    level: float = 0.5
    longest: float = 10.0
    apart: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or not (0 <= self.longest < math.inf and 0 <= self.apart < math.inf):
            raise SettingsError("spacing: level lies between 0 and 1, longest and apart are seconds, 0 or more")


def ranked(timelines: Sequence[Timeline], count: int, spacing: Spacing = Spacing()) -> tuple[Moment, ...]:
    """At most `count` moments, the oddest first. Timelines are of one detector, so their scores compare.

    A moment has its peak where something is seen, the score rises on neither side, and it lies above the median of
    all scorable frames.
    The order of the timelines does not matter: of equal peaks, the video of the lesser name comes first.
    """
    usual = usual_score(timelines)
    found = [(one.info.id, event) for one in timelines for event in _picked(one, usual, count, spacing)]
    found.sort(key=lambda one: (-one[1].score, one[0], one[1].peak))
    return tuple(Moment(rank, video, event) for rank, (video, event) in enumerate(found[:count], 1))


def usual_score(timelines: Sequence[Timeline]) -> float:
    """The median score of all scorable frames; NaN where there are none."""
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores[one.valid] for one in timelines)])
    return float(np.median(scores)) if len(scores) else math.nan


def _picked(timeline: Timeline, usual: float, count: int, spacing: Spacing) -> Iterator[Event]:
    """The moments of one video, the oddest first."""
    scores = np.where(timeline.valid, timeline.scores, -np.inf)
    fps, picked = float(timeline.info.fps), 0
    half, apart = (math.ceil(seconds * fps - SLACK) for seconds in (spacing.longest / 2, spacing.apart))
    taken, near = (np.zeros(len(scores), np.bool_) for _ in range(2))
    for peak in _peaks(np.where(_seen(timeline), scores, -np.inf), usual):
        if not near[peak] and picked < count:
            level = usual + spacing.level * (float(scores[peak]) - usual)
            start, end = _stretch((scores >= level) & ~taken, scores, peak, half)
            taken[start:end] = True
            near[max(start - apart + 1, 0) : end + apart - 1] = True
            near[start:end] = True
            picked += 1
            yield _event(timeline, start, end)


def _seen(timeline: Timeline) -> BoolArray:
    """(F,) the frames that some observation covers: others have the score of their neighbours, and nothing to show."""
    change = np.zeros(len(timeline.scores) + 1, np.int64)
    first, end = np.clip(timeline.scored.observations.span, 0, len(timeline.scores)).T
    np.add.at(change, first, 1)
    np.add.at(change, end, -1)
    return np.cumsum(change[:-1]) > 0


def _peaks(scores: FloatArray, usual: float) -> list[int]:
    """Where scores are highest among their neighbours and above the usual, the highest first."""
    around = np.pad(scores, 1, constant_values=-np.inf)
    places = np.flatnonzero((scores > around[:-2]) & (scores >= around[2:]) & (scores > usual))
    return [int(place) for place in places[np.argsort(-scores[places], kind="stable")]]


def _stretch(high: BoolArray, scores: FloatArray, peak: int, half: int) -> tuple[int, int]:
    """The run of high frames around a peak, none of them higher than the peak, at most `half` to either side."""
    before = high[:peak] & (scores[:peak] < scores[peak])
    after = high[peak + 1 :] & (scores[peak + 1 :] <= scores[peak])
    return peak - _run(before[::-1], half), peak + 1 + _run(after, half)


def _run(inside: BoolArray, most: int) -> int:
    """How many are inside before the first that is not, at most so many."""
    outside = np.flatnonzero(~inside[:most])
    return int(outside[0]) if len(outside) else min(len(inside), most)


def _event(timeline: Timeline, start: int, end: int) -> Event:
    alone = np.full(len(timeline.scores), np.nan, np.float32)
    alone[start:end] = timeline.scores[start:end]
    (event,) = find_events(alone, timeline.scored, timeline.info, threshold=-np.inf, merge=0, shortest=0)
    return event
