"""Figures of one detector under one protocol, each with its interval or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from oddframe.bench.truth import Truth
from oddframe.errors import DataError
from oddframe.metrics import (
    Interval,
    OneClassPolicy,
    auroc,
    average_precision,
    bootstrap_interval,
    equal_error_rate,
    macro_auroc,
    micro_auroc,
    micro_auroc_interval,
)
from oddframe.types import BoolArray, FloatArray, Json, Timeline

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval, or with the reason why it is undefined.

    Args:
        value: None where the figure is undefined.
        low, high: a 95 % bootstrap interval over videos; None where there is none.
        why: the reason why there is no value; "" where there is one.

    >>> print(Figure(0.9312, 0.9, 0.951))
    0.931 [0.900, 0.951]
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        value = f"{self.value:.3f}"
        return value if self.low is None or self.high is None else f"{value} [{self.low:.3f}, {self.high:.3f}]"

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read what `to_json` returned."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Figures:
    """Frame-level figures under one protocol.

    Args:
        micro, macro: AUROC.
        ap: average precision over all frames.
        eer: equal error rate over all frames.
        one_class: test videos of one class, whose own AUROC is undefined.
        left_out: frames that do not count.
        frames: the number of all frames.
        videos: each video's own AUROC, None where it has one class, in the order of the test split.
    """

    micro: Figure
    macro: Figure
    ap: Figure
    eer: Figure
    one_class: int
    left_out: int
    frames: int
    videos: tuple[float | None, ...]


def figures_of(
    timelines: Sequence[Timeline], truth: Truth, policy: OneClassPolicy, *, resamples: int = RESAMPLES, seed: int = 0
) -> Figures:
    """Compute all frame-level figures of the test videos.

    Args:
        timelines: one a test video, in the order of `truth`.
        truth: which frames are anomalous.
        policy: for videos of one class, in the macro figure.
        resamples: of each interval.
        seed: of the draws.
    """
    scores, odd = counted(timelines, truth)
    draw = {"resamples": resamples, "seed": seed}
    macro = partial(_macro, policy=policy)
    return Figures(
        micro=_figure(lambda: micro_auroc(scores, odd), lambda: micro_auroc_interval(scores, odd, **draw)),
        macro=_figure(
            lambda: macro(scores, odd),
            lambda: bootstrap_interval(macro, scores, odd, resamples=resamples // 5, seed=seed),
        ),
        ap=_figure(lambda: average_precision(np.concatenate(scores), np.concatenate(odd))),
        eer=_figure(lambda: equal_error_rate(np.concatenate(scores), np.concatenate(odd))),
        one_class=sum(bool(row.all() or not row.any()) for row in odd),
        left_out=sum(int((~timeline.valid).sum()) for timeline in timelines),
        frames=sum(len(timeline.valid) for timeline in timelines),
        videos=tuple(_own(s, o) for s, o in zip(scores, odd, strict=True)),
    )


def counted(timelines: Sequence[Timeline], truth: Truth) -> tuple[list[FloatArray], list[BoolArray]]:
    """Return the scores (F_v,) and labels (F_v,) of the frames that count, video by video."""
    scores = [timeline.scores[timeline.valid] for timeline in timelines]
    odd = [labels[timeline.valid] for timeline, labels in zip(timelines, truth.labels, strict=True)]
    return scores, odd


def _figure(value: Callable[[], float], interval: Callable[[], Interval] | None = None) -> Figure:
    try:
        found = value()
    except DataError as error:
        return Figure(None, why=str(error))
    try:
        bounds = None if interval is None else interval()
    except DataError:
        bounds = None  # one video has a figure, but nothing to draw from
    return Figure(found) if bounds is None else Figure(found, bounds.low, bounds.high)


def _macro(scores: Sequence[Any], odd: Sequence[Any], policy: OneClassPolicy) -> float:
    return macro_auroc(scores, odd, policy=policy).value


def _own(scores: FloatArray, odd: BoolArray) -> float | None:
    try:
        return auroc(scores, odd)
    except DataError:
        return None
