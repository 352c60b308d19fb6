"""The scores of held-out normal video that a detector stores: for p-values, and for thresholds of any rate.

p-values and quantiles are conformal: they hold for any number of frames.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError, StoreError
from oddframe.scoring.events import EventPeaks
from oddframe.scoring.settings import Scoring
from oddframe.types import FloatArray, IntArray, Timeline, Value, frozen_array

TOP, BELOW = 2048, 2048
"""How many of the highest scores are kept one by one, and how many of all, evenly drawn."""


@dataclass(frozen=True, slots=True)
class NormalScores:
    """What normal video scored that the model had not seen; at most some hundred kB, however long the video was.

    Args:
        frames: the scores of its frames.
        events: the peaks of its events.
    """

    frames: FrameSample
    events: EventPeaks

    @classmethod
    def measure(cls, timelines: Sequence[Timeline], scoring: Scoring, ceiling: float = math.inf) -> Self | None:
        """Of the timelines of normal video, scored as `scoring` says; None where not one frame is scorable.

        `ceiling` is what no score is ever above.
        """
        scores = np.concatenate([np.zeros(0, np.float32), *(one.scores[one.valid] for one in timelines)])
        if not len(scores):
            return None
        frames = FrameSample.draw(scores)
        return cls(frames, EventPeaks.count(timelines, scoring, frames.typical, ceiling))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NormalScores):
            return NotImplemented
        mine, theirs = self.arrays(), other.arrays()
        return all(np.array_equal(mine[name], theirs[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, by name, to be saved."""
        frames, events = self.frames, self.events
        return {
            "level": frames.level,
            "at_least": frames.at_least,
            "more": frames.more,
            "frames": np.array([frames.frames], np.int64),
            "typical": np.array([frames.typical], np.float32),
            "height": events.height,
            "block": events.block,
            "seconds": events.seconds,
            "highest": np.array([events.highest], np.float32),
            "ceiling": np.array([events.ceiling], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `arrays`.

        Raises:
            StoreError: some are missing or senseless.
        """
        try:
            count, typical, highest = (arrays[name].item() for name in ("frames", "typical", "highest"))
            ceiling = arrays["ceiling"].item() if "ceiling" in arrays else math.inf  # earlier versions knew of none
            level, at_least, more = (arrays[name] for name in ("level", "at_least", "more"))
            height, block, seconds = (arrays[name] for name in ("height", "block", "seconds"))
            events = EventPeaks(height, block, seconds, highest, ceiling)
            return cls(FrameSample(level, at_least, more, count, typical), events)
        except (KeyError, ValueError, TypeError) as error:
            raise StoreError(f"scores of normal video that make no sense ({error}); calibrate or fit again") from error


def required(normal: NormalScores | None) -> NormalScores:
    """The same, if there is any.

    Raises:
        SettingsError: there is none.
    """
    if normal is None:
        raise SettingsError(
            "no held-out normal video is known: give some that the detector has not learnt from"
            " (oddframe calibrate DETECTOR NORMAL_VIDEO), or fit again with a share held out (--holdout 0.2)"
        )
    return normal


@dataclass(frozen=True, slots=True, eq=False)
class FrameSample(Value):
    """The scores of n normal frames, or what is kept of very many: the highest, and some of the others.

    Args:
        level: (L,) ascending scores, no two alike; at least one.
        at_least: (L,) how many frames scored that or more.
        more: (L,) how many scored more.
        frames: n, how many there were.
        typical: the median of all.
    """

    level: FloatArray
    at_least: IntArray
    more: IntArray
    frames: int
    typical: float

    def __post_init__(self) -> None:
        put, n = object.__setattr__, len(self.level)
        put(self, "level", frozen_array(self.level, np.float32, "level", n))
        put(self, "at_least", frozen_array(self.at_least, np.int64, "at_least", n))
        put(self, "more", frozen_array(self.more, np.int64, "more", n))
        if not n or not (np.diff(self.level) > 0).all() or self.frames < 1:
            raise ValueError("scores of normal frames must ascend, and there must be one")

    @classmethod
    def draw(cls, scores: FloatArray) -> Self:
        """Of (n,) finite scores, n > 0."""
        ordered = np.sort(scores)
        n = len(ordered)
        kept = np.unique(np.concatenate([np.arange(max(n - TOP, 0), n), np.linspace(0, n - 1, BELOW).astype(np.int64)]))
        level = np.unique(ordered[kept])
        at_least, more = (n - np.searchsorted(ordered, level, side) for side in ("left", "right"))
        return cls(level, at_least, more, n, float(ordered[n // 2]))

    def p_values(self, scores: FloatArray) -> FloatArray:
        """(F,) float32: (1 + how many normal frames scored as high or higher) / (1 + n); NaN where the score is NaN.

        One more normal frame has a p-value of at most p with a chance of at most p, if frames are exchangeable
        (conformal prediction; Vovk, Gammerman and Shafer 2005, section 2.2). Neighbouring frames are alike and days
        differ, so for frames it is a good guide and no guarantee. Where scores were left out, too many are counted
        rather than too few.

        >>> FrameSample.draw(np.arange(1, 5, dtype=np.float32)).p_values(np.array([5, 4, 2.5, 0], np.float32))
        array([0.2, 0.4, 0.6, 1. ], dtype=float32)
        """
        place = np.searchsorted(self.level, scores, side="right")  # one past the next kept score at or below
        below = np.maximum(place - 1, 0)
        higher = np.where(self.level[below] == scores, self.at_least[below], self.more[below])
        share = (1 + np.where(place > 0, higher, self.frames)) / (1 + self.frames)
        return np.where(np.isnan(scores), np.nan, share).astype(np.float32)

    def quantile(self, alarm_rate: float) -> tuple[float, bool]:
        """The score that one more normal frame exceeds with a chance of at most `alarm_rate`; and whether n suffices.

        It is the order statistic number ceil((n + 1)(1 - alarm_rate)), or the next higher score that was kept. If n is
        too small for the rate, it is the highest score. What `p_values` says of exchangeable frames holds here too.

        >>> FrameSample.draw(np.arange(1, 100, dtype=np.float32)).quantile(0.01)
        (99.0, True)
        """
        # The small term keeps 0.99 * 100, which is 99.00000000000001 or so in binary, from becoming 100.
        rank = math.ceil((self.frames + 1) * (1 - alarm_rate) - 1e-9)
        first = int(np.searchsorted(self.frames - self.more, min(rank, self.frames)))
        return float(self.level[first]), rank <= self.frames
