"""Runs of frames over the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from oddframe.types import BoolArray, Event, FloatArray, IntArray, Scored, VideoInfo, event_id

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
        info: gives the times.
        threshold: events begin with frames strictly above it.
        merge: seconds; shorter gaps between two runs are bridged, unless a frame in between is not scorable.
        shortest: seconds; shorter events are dropped, once gaps are bridged.
        low: an event that has begun lasts while frames are strictly above it; None = the threshold.
        p_values: (F,) of the frames; None = not known.
    """
    fps = float(info.fps)
    long = event_bounds(
        scores, threshold, threshold if low is None else low, merge=merge * fps, shortest=shortest * fps
    )
    reach = int(np.abs(scored.observations.span - scored.observations.frame[:, None]).max(initial=0))
    peaks = [int(start + np.argmax(scores[start:end])) for start, end in long]
    chances = [None if p_values is None else float(p_values[peak]) for peak in peaks]
    return tuple(
        _event(bounds, peak, float(scores[peak]), info, box=_oddest_box(scored, peak, reach), p_value=chance)
        for bounds, peak, chance in zip(long.tolist(), peaks, chances, strict=True)
    )


def event_bounds(scores: FloatArray, threshold: float, low: float, *, merge: float, shortest: float) -> IntArray:
    """(E, 2) first and one-past-last frame of each event; `merge` and `shortest` in frames, else as `find_events`.

    An event is never begun by what comes after it, so that a live stream, which cannot look ahead, makes the same ones.

    >>> event_bounds(np.array([1, 2, 5, 2, 1, 2], np.float32), 3, 1.5, merge=0, shortest=0).tolist()
    [[2, 4]]
    """
    begins = np.flatnonzero(np.greater(scores, threshold))
    if not len(begins):
        return np.zeros((0, 2), np.int64)
    runs = _runs(np.greater(scores, min(low, threshold)))
    first = np.append(begins, len(scores))[np.searchsorted(begins, runs[:, 0])]  # in each run, or beyond it
    begun = np.stack([first, runs[:, 1]], axis=1)[first < runs[:, 1]]
    bounds = _bridged(begun, np.isfinite(scores), merge - SLACK)
    return bounds[(bounds[:, 1] - bounds[:, 0]) >= shortest - SLACK]


def _runs(over: BoolArray) -> IntArray:
    """(R, 2) first and one-past-last frame of each run."""
    return np.flatnonzero(np.diff(over, prepend=False, append=False)).reshape(-1, 2)


def _bridged(runs: IntArray, valid: BoolArray, merge: float) -> IntArray:
    bad_before = np.concatenate([[0], np.cumsum(~valid)])
    gap_start, gap_end = runs[:-1, 1], runs[1:, 0]
    apart = (gap_end - gap_start >= merge) | (bad_before[gap_end] > bad_before[gap_start])
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
        end_time=info.seconds(end),
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
    regions = scored.regions
    there = slice(0) if regions is None else regions.of(row)
    if regions is None or not len(regions.row[there]):
        whole: FloatArray = scored.observations.box[row]
        return whole
    oddest: FloatArray = regions.box[there][np.argmax(regions.score[there])]
    return oddest
