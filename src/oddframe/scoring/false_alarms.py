"""Thresholds for a stated rate of false alarms, and the rate of a threshold, with its confidence.

Rates that held-out video cannot show come from a generalised Pareto distribution of the highest peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.scoring.events import EventPeaks
from oddframe.types import Json

Basis: TypeAlias = Literal["counted", "tail", "highest"]

COUNTED = 10
"""Rates are read off the counted events where there are so many of them; below that, off the fitted tail."""

FEWEST, MOST, SHARE = 20, 200, 0.25
"""The tail is fitted to this share of the events, within these numbers."""

RESAMPLED = 400

LEAST = 1e-9
"""Of the way from the start to the ceiling: what is at the ceiling, or is rounded there, lies this far below."""

STEEPEST = 0.5
"""Shapes are kept within this of 0: from 1/2 on there is no variance, and below -1/2 the estimates go astray."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often normal video raises an alarm.

    Args:
        per_hour: events an hour to expect.
        at_least, at_most: the 95 % interval of that: the wider of a bootstrap over blocks of video, which knows that
            some are busier than others, and of what so few events can say at all (Garwood 1936).
        basis: "counted" = read off the events of held-out video; "tail" = a distribution fitted to their peaks; or the
            threshold is the "highest" score, as there were too few of them.
        hours: how much held-out video that stands on.
        asked: the rate that was asked for; None where the threshold is for a share of frames.
    """

    per_hour: float
    at_least: float
    at_most: float
    basis: Basis
    hours: float
    asked: float | None = None

    def to_json(self) -> dict[str, Json]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises `TypeError` for anything else."""
        made = cls(**fields)
        numbers = [made.per_hour, made.at_least, made.at_most, made.hours, made.asked or 0.0]
        if not all(isinstance(number, int | float) for number in numbers) or not isinstance(made.basis, str):
            raise TypeError("false alarms that are no numbers")
        return made

    @property
    def doubt(self) -> str | None:
        """Why the rate that was asked for is more than the video can show; None where it is not."""
        if self.asked is None or (self.basis != "highest" and self.asked * self.hours >= 1):
            return None
        held, rarest = duration(self.hours), rate(1 / self.hours) if self.hours else "none"
        how = {
            "highest": "is the highest score there",
            "tail": "is where a fitted tail says, a guess",
            "counted": "is the highest of its events",
        }[self.basis]
        return (
            f"{held} of held-out normal video cannot show {rate(self.asked)}: the threshold {how};"
            f" it can show {rarest}, and {duration(COUNTED / self.asked)} would be enough to count on"
        )


def threshold_for(peaks: EventPeaks, per_hour: float, seed: int = 0) -> tuple[float, FalseAlarms]:
    """The threshold at which normal video gives at most so many events an hour, and what stands behind it.

    With k events allowed in all the held-out video, it is the k-th highest peak: one more video of that length has k
    events above it, on average. Where k is small, that is luck, and the fitted tail says where the rate is.

    Args:
        peaks: of held-out normal video.
        per_hour: > 0.
        seed: of the bootstrap.
    """
    allowed, tail, heights = per_hour * peaks.hours, _tail(peaks), peaks.height
    place = min(max(int(allowed + 1e-9), 1), len(heights)) - 1
    if not len(heights):
        threshold = peaks.highest
    elif allowed < COUNTED and tail is not None:
        threshold = max(tail.peaks.level(allowed / tail.count), float(heights[COUNTED - 1]))
    else:
        threshold = float(heights[place])
    exact = float(np.float32(threshold))
    return exact, false_alarms(peaks, exact, per_hour, seed)


def false_alarms(peaks: EventPeaks, threshold: float, asked: float | None = None, seed: int = 0) -> FalseAlarms:
    """What a threshold means."""
    from scipy.special import gammaincinv  # noqa: PLC0415  slow to import, and scoring does not need it

    counts, tail = peaks.over(threshold), _tail(peaks)
    total, hours = int(counts.sum()), peaks.hours
    fitted = None if total >= COUNTED else tail
    expected = (total + 1) / hours  # of one more such video, on average
    basis: Basis = "counted" if total else "highest"
    if fitted is not None:
        basis, expected = "tail", fitted.count * fitted.peaks.beyond(threshold) / hours
    drawn = _resampled(peaks, threshold, fitted, seed)
    few = gammaincinv(total, 0.025) if total else 0.0, gammaincinv(total + 1, 0.975)
    low, high = min(few[0] / hours, drawn[0], expected), max(few[1] / hours, drawn[1], expected)
    return FalseAlarms(expected, float(low), float(high), basis, hours, asked)


@dataclass(frozen=True, slots=True)
class _Tail:
    """The distribution of the `count` highest peaks."""

    peaks: GeneralisedPareto
    count: int


def _tail(peaks: EventPeaks) -> _Tail | None:
    """None where there are too few peaks."""
    count = int(np.clip(SHARE * len(peaks.height), FEWEST, MOST))
    if count >= len(peaks.height) or peaks.height[0] <= peaks.height[count]:
        return None
    start = float(peaks.height[count])
    over = peaks.height[peaks.height > start]
    return _Tail(GeneralisedPareto.fit(over, start, peaks.ceiling), len(over))


def _resampled(peaks: EventPeaks, threshold: float, tail: _Tail | None, seed: int) -> tuple[float, float]:
    """The middle 95 % of the rate in blocks drawn anew."""
    blocks = len(peaks.seconds)
    times = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLED)
    hours = np.maximum(times @ peaks.seconds / 3600, 1e-12)
    if tail is None:
        rates = times @ peaks.over(threshold) / hours
    else:
        rates = np.array([_refitted(peaks, row, tail.peaks.start, threshold) for row in times]) / hours
    low, high = np.quantile(rates, [0.025, 0.975])
    return float(low), float(high)


def _refitted(peaks: EventPeaks, times: npt.NDArray[np.int64], start: float, threshold: float) -> float:
    """How many events pass the threshold, says a tail fitted to blocks that count so many times."""
    over = peaks.height > start
    drawn = np.repeat(peaks.height[over], times[peaks.block[over]])
    if len(drawn) < 2 or drawn[0] <= drawn[-1]:
        return float((drawn > threshold).sum())
    return len(drawn) * GeneralisedPareto.fit(drawn, start, peaks.ceiling).beyond(threshold)


def rate(per_hour: float) -> str:
    """In words.

    >>> rate(2.5), rate(1 / 24), rate(1)
    ('2.5 false alarms an hour', '1 false alarm a day', '1 false alarm an hour')
    """
    number, unit = (per_hour, "an hour") if per_hour >= 1 else (per_hour * 24, "a day")
    return f"{number:.3g} false alarm{'' if f'{number:.3g}' == '1' else 's'} {unit}"


def duration(hours: float) -> str:
    """In words.

    >>> duration(0.0125), duration(0.5), duration(30)
    ('45 s', '30 min', '30 h')
    """
    if hours < 0.05:
        return f"{3600 * hours:.0f} s"
    return f"{60 * hours:.0f} min" if hours < 2 else f"{hours:.3g} h"


@dataclass(frozen=True, slots=True)
class GeneralisedPareto:
    """P(X > x) = (1 + shape (x - start) / scale)^(-1 / shape) for x >= start; an exponential where the shape is 0.

    Peaks over a high level follow it in the limit, whatever the scores' own distribution (Pickands 1975; Balkema and
    de Haan 1974).

    Where scores have a ceiling, their distance to it shrinks without end, and so no level is ever fitted beyond it: it
    is -log(ceiling - score) that follows the distribution.

    Args:
        start: the high level.
        scale: > 0, in units of the scores, or of that logarithm.
        shape: below 0, there is a highest score; above 0, the tail is heavy.
        ceiling: what no score is above.
    """

    start: float
    scale: float
    shape: float
    ceiling: float = math.inf

    @classmethod
    def fit(cls, peaks: npt.ArrayLike, start: float, ceiling: float = math.inf) -> Self:
        """By probability-weighted moments (Hosking and Wallis 1987), in closed form.

        With the some dozen peaks that there usually are, they err less than maximum likelihood, which may not even
        have a maximum.

        Args:
            peaks: (n,) all above `start`, at least two that differ.
            start: the high level.
            ceiling: what no score is above.

        >>> GeneralisedPareto.fit([1.1, 1.3, 1.6, 2.2], start=1.0)
        GeneralisedPareto(start=1.0, scale=0.586..., shape=-0.065..., ceiling=inf)
        """
        over = np.sort(_over(np.asarray(peaks, np.float64), start, ceiling))
        mean = float(over.mean())
        weighted = float(((1 - (np.arange(1, len(over) + 1) - 0.35) / len(over)) * over).mean())
        spread = max(mean - 2 * weighted, 1e-9 * mean)
        shape = min(max(2 - mean / spread, -STEEPEST), STEEPEST)
        return cls(start, max(mean * (1 - shape), 1e-12), shape, ceiling)  # the scale that gives the mean its due

    def beyond(self, x: float) -> float:
        """The chance that a peak over `start` passes x."""
        over = max(float(_over(x, self.start, self.ceiling)), 0.0) / self.scale
        if abs(self.shape) < 1e-9:
            return math.exp(-over)
        return float(max(1 + self.shape * over, 0.0) ** (-1 / self.shape))

    def level(self, chance: float) -> float:
        """The inverse: what a peak over `start` passes with this chance, above 0 and at most 1."""
        if abs(self.shape) < 1e-9:
            over = -self.scale * math.log(chance)
        else:
            over = self.scale / self.shape * (math.pow(chance, -self.shape) - 1)
        if math.isinf(self.ceiling):
            return self.start + over
        return self.ceiling - (self.ceiling - self.start) * math.exp(-over)


def _over(x: npt.ArrayLike, start: float, ceiling: float) -> npt.NDArray[np.float64]:
    """How far scores are over the start, on the scale of the distribution."""
    high = np.asarray(x, np.float64)
    if math.isinf(ceiling):
        return high - start
    return -np.log(np.maximum((ceiling - high) / max(ceiling - start, LEAST), LEAST))
