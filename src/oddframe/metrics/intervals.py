"""Confidence intervals of figures: bootstrap over videos, as the frames of one video are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.checked import Frames, checked_videos, need_both_classes
from oddframe.types import IntArray

Figure: TypeAlias = Callable[[Sequence[npt.ArrayLike], Sequence[npt.ArrayLike]], float]
"""A figure of the scores and labels of V videos, such as `micro_auroc`; raises DataError where undefined."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile interval (Efron 1979) of a figure.

    Args:
        low, high: the bounds.
        level: the share of resamples within them, 0 < level < 1.
        resamples: the number that were drawn.
        undefined: how many of them had no figure, for instance for lack of a class, and are left out.
    """

    low: float
    high: float
    level: float
    resamples: int
    undefined: int


def bootstrap_interval(
    figure: Figure,
    scores: Sequence[npt.ArrayLike],
    labels: Sequence[npt.ArrayLike],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Compute the bootstrap interval of any figure: all videos, drawn with replacement again and again.

    Bounds are percentiles with linear interpolation. With few videos such an interval is too narrow.

    Args:
        figure: called once a resample with the drawn videos' scores and labels, in the order given.
        scores: V rows, V >= 2, each (F_v,); higher = more anomalous.
        labels: V rows, each (F_v,); True or 1 = anomalous.
        level: 0 < level < 1.
        resamples: >= 1.
        seed: of the draws.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, one video, or no figure for the videos
            as given.
        SettingsError: a level or a number of resamples out of range.

    >>> from oddframe.metrics import macro_auroc
    >>> scores, labels = [[0.1, 0.9], [0.5, 0.3]], [[0, 1], [0, 1]]
    >>> interval = bootstrap_interval(lambda s, x: macro_auroc(s, x).value, scores, labels)
    >>> interval.low, interval.high
    (0.0, 1.0)
    """
    videos = _at_least_two(checked_videos(scores, labels))
    draws = _draws(len(videos), level, resamples, seed)
    _value(figure, videos, np.ones(len(videos), np.int64))  # refuses what has no figure even as it is
    return _interval(np.array([_value_or_nan(figure, videos, times) for times in draws]), level)


def micro_auroc_interval(
    scores: Sequence[npt.ArrayLike],
    labels: Sequence[npt.ArrayLike],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Compute `bootstrap_interval(micro_auroc, ...)` in a fraction of the time: pairs of frames are counted once.

    Arguments and errors as there.

    >>> micro_auroc_interval([[0.1, 0.9], [0.5, 0.3]], [[0, 1], [0, 1]]).low
    0.0
    """
    videos = _at_least_two(checked_videos(scores, labels))
    draws = _draws(len(videos), level, resamples, seed)
    need_both_classes(np.concatenate([odd for _, odd in videos]))
    wins_twice = ((draws @ _wins_twice(videos)) * draws).sum(1)
    odd, normal = (draws @ np.array([np.count_nonzero(o == kind) for _, o in videos]) for kind in (True, False))
    values = np.full(resamples, np.nan)
    np.divide(wins_twice, 2 * odd * normal, out=values, where=odd * normal > 0)
    return _interval(values, level)


def _wins_twice(videos: Sequence[Frames]) -> IntArray:
    """(V, V) pairs of an anomalous frame of one video and a normal one of another in the right order: 2, ties 1."""
    of = np.concatenate([np.full(np.count_nonzero(odd), video) for video, (_, odd) in enumerate(videos)])
    scores = np.concatenate([s[odd] for s, odd in videos])
    order = np.argsort(scores)  # rising, so that the searches walk through memory
    of, scores = of[order], scores[order]
    columns = (_beaten(scores, np.sort(s[~odd])) for s, odd in videos)  # one at a time: each is as long as the data
    return np.stack([_summed(column, of, len(videos)) for column in columns], 1)


def _beaten(scores: npt.NDArray[Any], normal: npt.NDArray[Any]) -> IntArray:
    return np.asarray(np.searchsorted(normal, scores, "left") + np.searchsorted(normal, scores, "right"), np.int64)


def _summed(values: IntArray, group: IntArray, groups: int) -> IntArray:
    return np.bincount(group, values, groups).astype(np.int64)  # sums of whole numbers, exact below 2 ** 53


def _draws(videos: int, level: float, resamples: int, seed: int) -> IntArray:
    """(R, V) how often each video is drawn."""
    if not 0 < level < 1:
        raise SettingsError(f"level must lie between 0 and 1, such as 0.95, not {level}")
    if resamples < 1:
        raise SettingsError(f"resamples must be at least 1, not {resamples}")
    even = np.full(videos, 1 / videos)
    return np.random.default_rng(seed).multinomial(videos, even, size=resamples)


def _at_least_two(videos: list[Frames]) -> list[Frames]:
    if len(videos) < 2:
        raise DataError("undefined: an interval over videos needs at least two videos")
    return videos


def _value(figure: Figure, videos: Sequence[Frames], times: IntArray) -> float:
    drawn = [video for video, count in zip(videos, times, strict=True) for _ in range(count)]
    return float(figure([scores for scores, _ in drawn], [odd for _, odd in drawn]))


def _value_or_nan(figure: Figure, videos: Sequence[Frames], times: IntArray) -> float:
    try:
        return _value(figure, videos, times)
    except DataError:
        return float("nan")


def _interval(values: npt.NDArray[np.float64], level: float) -> Interval:
    defined = values[~np.isnan(values)]
    if not len(defined):
        raise DataError(f"undefined: none of {len(values)} resamples has a figure; draw more, or give more videos")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, len(values), len(values) - len(defined))
