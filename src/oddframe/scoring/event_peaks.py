"""How many events normal video gives at any threshold, as the heights of their peaks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np
import numpy.typing as npt

from oddframe.scoring.events import event_bounds
from oddframe.scoring.settings import Scoring
from oddframe.types import FloatArray, IntArray, Timeline, frozen_array

BUSIEST, LEVELS = 0.1, 256
"""Events are counted at so many thresholds, from the one that this share of all frames passes upwards."""

BLOCK, BLOCKS = 60.0, 256
"""Seconds: videos are cut into blocks of about that, longer ones where there would be more than so many."""


@dataclass(frozen=True, slots=True, eq=False)
class EventPeaks:
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
        for fps in {one.info.fps for one in timelines}:
            mine = [(one, some, first) for one, some, first in zip(timelines, parts, _firsts(parts), strict=True)]
            scores, block = _joined([each for each in mine if each[0].info.fps == fps])
            seconds += np.bincount(block[np.isfinite(scores)], minlength=len(seconds)) / float(fps)
            for row, threshold in enumerate(steps.tolist()):
                low, merge, shortest = scoring.low(threshold, typical), scoring.merge * fps, scoring.shortest * fps
                bounds = event_bounds(scores, threshold, low, merge=float(merge), shortest=float(shortest))
                counts[row] += np.bincount(block[bounds[:, 0]], minlength=len(seconds))
        return cls(*_heights(steps, counts), seconds, float(ordered[0]), ceiling)


def _seconds(timeline: Timeline) -> float:
    return timeline.info.seconds(len(timeline.scores))


def _firsts(parts: Sequence[int]) -> list[int]:
    return list(accumulate(parts, initial=0))[:-1]


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
