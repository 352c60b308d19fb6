"""Runs of frames over the threshold."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from oddframe.types import BoolArray, Event, FloatArray, IntArray, Scored, VideoInfo, event_id

Box: TypeAlias = tuple[float, float, float, float]

SLACK = 1e-9
"""Seconds: 0.2 s at 25 fps is 5 frames, whatever binary fractions say."""


def find_events(
    scores: FloatArray, scored: Scored, info: VideoInfo, *, threshold: float, merge: float, shortest: float
) -> tuple[Event, ...]:
    """The events of one video.

    Args:
        scores: (F,) frame scores, NaN where not scorable.
        scored: the observations behind them; the oddest one that covers the peak gives the event its box, or what
            stands out most in its map does.
        info: gives the times.
        threshold: frames strictly above it belong to events.
        merge: seconds; shorter gaps between two runs are bridged, unless a frame in between is not scorable.
        shortest: seconds; shorter events are dropped, once gaps are bridged.
    """
    fps = float(info.fps)
    bounds = _bridged(_runs(np.greater(scores, threshold)), np.isfinite(scores), merge * fps - SLACK)
    long = bounds[(bounds[:, 1] - bounds[:, 0]) >= shortest * fps - SLACK]
    reach = int(np.abs(scored.observations.span - scored.observations.frame[:, None]).max(initial=0))
    return tuple(
        _event(int(start), int(end), scores, info, _oddest_box(scored, _peak(scores, start, end), reach))
        for start, end in long
    )


def _runs(over: BoolArray) -> IntArray:
    """(R, 2) first and one-past-last frame of each run."""
    return np.flatnonzero(np.diff(over, prepend=False, append=False)).reshape(-1, 2)


def _bridged(runs: IntArray, valid: BoolArray, merge: float) -> IntArray:
    bad_before = np.concatenate([[0], np.cumsum(~valid)])
    gap_start, gap_end = runs[:-1, 1], runs[1:, 0]
    apart = (gap_end - gap_start >= merge) | (bad_before[gap_end] > bad_before[gap_start])
    begins, ends = np.append(True, apart)[: len(runs)], np.append(apart, True)[: len(runs)]
    return np.stack([runs[begins, 0], runs[ends, 1]], axis=1)


def _peak(scores: FloatArray, start: int, end: int) -> int:
    return int(start + np.argmax(scores[start:end]))


def _event(start: int, end: int, scores: FloatArray, info: VideoInfo, box: Box | None) -> Event:
    peak = _peak(scores, start, end)
    return Event(
        start=start,
        end=end,
        peak=peak,
        score=float(scores[peak]),
        box=box,
        start_time=info.seconds(start),
        end_time=info.seconds(end),
        peak_time=info.seconds(peak),
        id=event_id(info.id, peak),
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
