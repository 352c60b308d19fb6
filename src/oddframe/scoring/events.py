"""Events: runs of frames over the threshold, and how many of them normal video gives at any threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.scoring.settings import Scoring
from oddframe.types import (
    BoolArray,
    Event,
    FloatArray,
    IntArray,
    Scored,
    Timeline,
    Times,
    Value,
    VideoInfo,
    event_id,
    frozen_array,
)

Box: TypeAlias = tuple[float, float, float, float]

SLACK = 1e-9
"""Frames: 0.2 s at 25 fps is 5 frames, whatever binary fractions say."""


def find_events(
    scores: FloatArray,
    scored: Scored,
    info: VideoInfo,
    *,
    threshold: float,
    merge: float,
    shortest: float,
    low: float | None = None,
    p_values: FloatArray | None = None,
) -> tuple[Event, ...]:
    """The events of one video.

    Args:
        scores: (F,) frame scores, NaN where not scorable.
        scored: the observations behind them; the oddest one that covers the peak gives the event its box, or what
            stands out most in its map does.
        info: gives the times; an event ends at a hole in the recording.
        threshold: events begin with frames strictly above it.
        merge: seconds; shorter gaps between two runs are bridged, unless a frame in between is not scorable.
        shortest: seconds; shorter events are dropped, once gaps are bridged.
        low: an event that has begun lasts while frames are strictly above it; None = the threshold.
        p_values: (F,) of the frames; None = not known.
    """
    fps, lower = float(info.fps), threshold if low is None else low
    long = event_bounds(scores, threshold, lower, merge=merge * fps, shortest=shortest * fps, times=info.times)
    reach = int(np.abs(scored.observations.span - scored.observations.frame[:, None]).max(initial=0))
    peaks = [int(start + np.argmax(scores[start:end])) for start, end in long]
    chances = [None if p_values is None else float(p_values[peak]) for peak in peaks]
    return tuple(
        _event(bounds, peak, float(scores[peak]), info, box=_oddest_box(scored, peak, reach), p_value=chance)
        for bounds, peak, chance in zip(long.tolist(), peaks, chances, strict=True)
    )


def event_bounds(
    scores: FloatArray, threshold: float, low: float, *, merge: float, shortest: float, times: Times | None = None
) -> IntArray:
    """(E, 2) first and one-past-last frame of each event; `merge` and `shortest` in nominal frames.

    An event is never begun by what comes after it, so that a live stream, which cannot look ahead, makes the same ones.
    Where there are times, durations are measured by them, and no event crosses a hole. Else as `find_events`.

    >>> event_bounds(np.array([1, 2, 5, 2, 1, 2], np.float32), 3, 1.5, merge=0, shortest=0).tolist()
    [[2, 4]]
    """
    begins = np.flatnonzero(np.greater(scores, threshold))
    if not len(begins):
        return np.zeros((0, 2), np.int64)
    clock = times or Times.even(len(scores), Fraction(1))
    runs = _runs(np.greater(scores, min(low, threshold)), clock.starts)
    first = np.append(begins, len(scores))[np.searchsorted(begins, runs[:, 0])]  # in each run, or beyond it
    begun = np.stack([first, runs[:, 1]], axis=1)[first < runs[:, 1]]
    bounds = _bridged(begun, np.isfinite(scores), merge - SLACK, clock)
    lasting = clock.end_position[bounds[:, 1] - 1] - clock.position[bounds[:, 0]]
    return bounds[lasting >= shortest - SLACK]


def _runs(over: BoolArray, starts: Sequence[int]) -> IntArray:
    """(R, 2) first and one-past-last frame of each run; another begins where a part of the video does."""
    begins, ends = np.diff(over, prepend=False) & over, np.diff(over, append=False) & over
    later = np.array(starts[1:], np.int64)
    begins[later] |= over[later]
    ends[later - 1] |= over[later - 1]
    return np.stack([np.flatnonzero(begins), np.flatnonzero(ends) + 1], axis=1)


def _bridged(runs: IntArray, valid: BoolArray, merge: float, clock: Times) -> IntArray:
    bad_before = np.concatenate([[0], np.cumsum(~valid)])
    gap_start, gap_end = runs[:-1, 1], runs[1:, 0]
    gap = clock.position[gap_end] - clock.end_position[gap_start - 1]
    apart = (gap >= merge) | (bad_before[gap_end] > bad_before[gap_start])
    apart |= clock.part[gap_end] != clock.part[gap_start - 1]
    begins, ends = np.append(True, apart)[: len(runs)], np.append(apart, True)[: len(runs)]
    return np.stack([runs[begins, 0], runs[ends, 1]], axis=1)


def _event(
    bounds: Sequence[int], peak: int, score: float, info: VideoInfo, *, box: Box | None, p_value: float | None
) -> Event:
    start, end = bounds
    return Event(
        start=start,
        end=end,
        peak=peak,
        score=score,
        box=box,
        start_time=info.seconds(start),
        end_time=info.until(end),
        peak_time=info.seconds(peak),
        id=event_id(info.id, peak),
        p_value=p_value,
    )


def _oddest_box(scored: Scored, peak: int, reach: int) -> Box | None:
    rows = scored.observations
    near = slice(*np.searchsorted(rows.frame, [peak - reach, peak + reach + 1]))  # frames are in order, spans not
    span, score = rows.span[near], scored.score[near]
    covers = (span[:, 0] <= peak) & (peak < span[:, 1])
    if not covers.any():
        return None
    x0, y0, x1, y1 = _box_of(scored, near.start + int(np.argmax(np.where(covers, score, -np.inf))))
    return float(x0), float(y0), float(x1), float(y1)


def _box_of(scored: Scored, row: int) -> FloatArray:
    spots = scored.hot_spots
    there = slice(0) if spots is None else spots.of(row)
    if spots is None or not len(spots.row[there]):
        whole: FloatArray = scored.observations.box[row]
        return whole
    oddest: FloatArray = spots.box[there][np.argmax(spots.score[there])]
    return oddest


BUSIEST, LEVELS = 0.1, 256
"""Events are counted at so many thresholds, from the one that this share of all frames passes upwards."""

BLOCK, BLOCKS = 60.0, 256
"""Seconds: videos are cut into blocks of about that, longer ones where there would be more than so many."""


@dataclass(frozen=True, slots=True, eq=False)
class EventPeaks(Value):
    """The events of normal video.

    An event is what scoring makes of frames: begun by the threshold, held by hysteresis, bridged, and long enough. How
    many there are is counted at many thresholds. As the threshold falls, a block's count may fall too, where events
    flow together; then the highest so far counts.

    Args:
        height: (E,) descending: with the k-th as the threshold, or anything higher, there are fewer than k events.
        block: (E,) the block in which each begins.
        seconds: (B,) how much scorable video each block holds.
        highest: the highest score of all frames.
        ceiling: what no score of this model is ever above.
    """

    height: FloatArray
    block: IntArray
    seconds: npt.NDArray[np.float64]
    highest: float
    ceiling: float = math.inf

    def __post_init__(self) -> None:
        put, n = object.__setattr__, len(self.height)
        put(self, "height", frozen_array(self.height, np.float32, "height", n))
        put(self, "block", frozen_array(self.block, np.int64, "block", n))
        put(self, "seconds", frozen_array(self.seconds, np.float64, "seconds", len(self.seconds)))
        if n and not 0 <= int(self.block.min()) <= int(self.block.max()) < len(self.seconds):
            raise ValueError("events lie in blocks that are not there")
        if math.isnan(self.ceiling):
            raise ValueError("the ceiling of scores is not a number")

    @property
    def hours(self) -> float:
        """How much scorable video there was."""
        return float(self.seconds.sum()) / 3600

    def over(self, threshold: float) -> IntArray:
        """(B,) how many events each block gives at a threshold: never too few, where it is as low as was looked."""
        return np.bincount(self.block[self.height > threshold], minlength=len(self.seconds))

    @classmethod
    def count(cls, timelines: Sequence[Timeline], scoring: Scoring, typical: float, ceiling: float = math.inf) -> Self:
        """Those of normal video, scored as `scoring` says; at least one frame must be scorable.

        `typical` is the median of the frames' scores, `ceiling` what none is above.
        """
        ordered = np.sort(np.concatenate([one.scores[one.valid] for one in timelines]))[::-1]
        ranks = np.geomspace(1, max(BUSIEST * len(ordered), 1), LEVELS).round().astype(np.int64) - 1
        steps = np.unique(ordered[ranks])[::-1]
        length = max(BLOCK, sum(map(_seconds, timelines)) / BLOCKS)
        parts = [max(round(_seconds(one) / length), 1) for one in timelines]
        seconds, counts = np.zeros(sum(parts)), np.zeros((len(steps), sum(parts)), np.int64)
        for fps, times, scores, block in _alike(timelines, parts):
            lasting = np.full(len(scores), float(1 / fps)) if times is None else times.lasting
            there = np.isfinite(scores)
            seconds += np.bincount(block[there], lasting[there], minlength=len(seconds))
            for row, threshold in enumerate(steps.tolist()):
                low, merge, shortest = scoring.low(threshold, typical), scoring.merge * fps, scoring.shortest * fps
                bounds = event_bounds(scores, threshold, low, merge=float(merge), shortest=float(shortest), times=times)
                counts[row] += np.bincount(block[bounds[:, 0]], minlength=len(seconds))
        return cls(*_heights(steps, counts), seconds, float(ordered[0]), ceiling)


def _seconds(timeline: Timeline) -> float:
    return timeline.info.between(0, len(timeline.scores))


def _alike(
    timelines: Sequence[Timeline], parts: Sequence[int]
) -> Iterator[tuple[Fraction, Times | None, FloatArray, IntArray]]:
    """Rate, times, scores and blocks: those of one constant rate together, and the others each by itself."""
    every = list(zip(timelines, parts, accumulate(parts, initial=0), strict=False))
    for one, some, first in every:
        if one.info.times is not None:
            yield one.info.fps, one.info.times, one.scores, first + np.arange(n := len(one.scores)) * some // n
    even = [each for each in every if each[0].info.times is None]
    for fps in {one.info.fps for one, _, _ in even}:
        yield fps, None, *_joined([each for each in even if each[0].info.fps == fps])


def _joined(mine: Sequence[tuple[Timeline, int, int]]) -> tuple[FloatArray, IntArray]:
    """Scores one after the other, a gap that nothing bridges between them, and the block of each."""
    gap = np.full(1, np.nan, np.float32)
    scores = [part for one, _, _ in mine for part in (one.scores, gap)]
    block = [first + np.arange(n := len(one.scores) + 1) * parts // n for one, parts, first in mine]
    return np.concatenate(scores), np.concatenate(block)


def _heights(steps: FloatArray, counts: IntArray) -> tuple[FloatArray, IntArray]:
    """The thresholds (T,) above which the counts (T, B) first grow, once for each event by which they do."""
    most = np.maximum.accumulate(counts, axis=0)
    row, block = np.nonzero(np.diff(most, axis=0))
    times = np.diff(most, axis=0)[row, block]
    # An event that is there at one threshold, and not at the one before, counts as high as that one.
    return np.repeat(steps[row], times), np.repeat(block, times)
