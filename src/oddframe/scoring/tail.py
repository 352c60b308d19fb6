"""Beyond what was seen: the generalised Pareto distribution of how far peaks pass a high level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

LEAST = 1e-9
"""Of the way from the start to the ceiling: what is at the ceiling, or is rounded there, lies this far below."""

STEEPEST = 0.5
"""Shapes are kept within this of 0: from 1/2 on there is no variance, and below -1/2 the estimates go astray."""


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
