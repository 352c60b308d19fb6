"""From scored observations to one score a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from oddframe.scoring.reasons import Reasons, as_codes, as_runs, spoiling, spoils
from oddframe.types import BoolArray, FloatArray, IntArray, Observations, Scored, Times, Window, Windows

Edges: TypeAlias = Literal["nearest", "zero"]


@dataclass(frozen=True, slots=True, eq=False)
class FrameScores:
    """Scores of one video's F frames, before any smoothing.

    Args:
        scores: (F,) float32, NaN where there is none.
        valid: (F,) whether the frame is scorable.
        zero: (F,) scorable frames at both ends that get their 0 only once smoothing is done (`edges="zero"`).
        reasons: why frames are not valid.
        kept: (N,) the observations that count.
    """

    scores: FloatArray
    valid: BoolArray
    zero: BoolArray
    reasons: Reasons
    kept: BoolArray


def frame_scores(
    scored: Scored, times: Times, window: Window, *, floor: float, reasons: Reasons = (), edges: Edges = "nearest"
) -> FrameScores:
    """Give every frame the score of the most anomalous observation that covers it.

    A frame that a window is about and that no observation covers has nothing in it: it gets the floor. Frames
    between those that two windows are about (stride > 1) go with the nearer one, the earlier of two as near. An
    observation that had to see an unscorable frame is left out, and frames that only such windows could judge are
    unscorable for the same reason. Parts of a video between holes are judged each by itself; one that is too short for
    a window is unscorable.

    Args:
        scored: the observations and their scores.
        times: of the frames that are finished; of a whole video, of all.
        window: what one observation needs.
        floor: the score of a frame with nothing in it.
        reasons: the frames that are unscorable by themselves.
        edges: what frames at both ends of a part, which no window is about, get: the nearest judged frame's score, or
            0 after smoothing (the protocol of LLSH).
    """
    frames, windows = len(times), window.over(times)
    slot, outside, short = _slots(windows, times)
    code, words = as_codes((*_too_short(short), *reasons), frames)
    kept = untouched(scored.observations, window, times, (*_too_short(short), *reasons))
    spoilt = np.where([spoils(word) for word in words], np.arange(len(words)), 0)[code]
    best = covering_max(scored.observations.span[kept], scored.score[kept], frames)
    empty = np.isneginf(best)
    edge = empty & outside & ~short
    if len(windows):
        code = np.where(empty & ~edge & (code == 0), _window_codes(spoilt, windows)[slot], code)
    best = np.where(empty, np.float32(floor), best)
    if edges == "nearest" and edge.any():
        nearest = _nearest(~edge, times.part)
        best, code, edge = best[nearest], np.where(code == 0, code[nearest], code), np.zeros_like(edge)
    valid = code == 0
    zero = edge & valid
    return FrameScores(np.where(valid & ~zero, best, np.nan), valid, zero, as_runs(code, words), kept)


def untouched(observations: Observations, window: Window, times: Times, reasons: Reasons) -> BoolArray:
    """(N,) which observations saw scorable frames only, from their window's first frame to `ready`."""
    if not reasons or not len(observations):
        return np.ones(len(observations), np.bool_)
    frames = len(times)
    bad_before = np.concatenate([[0], np.cumsum(as_codes(spoiling(reasons), frames)[0] > 0)])
    first = window.first(times, np.clip(observations.frame, 0, frames - 1))
    last = np.clip(observations.ready + 1, 0, frames)
    clean: BoolArray = bad_before[np.maximum(first, last)] == bad_before[first]
    return clean


def covering_max(span: IntArray, score: FloatArray, frames: int) -> FloatArray:
    """(F,) the highest score whose span covers each frame; -inf where none does.

    A span is the union of two overlapping blocks whose length is a power of two, so spans of any length cost one
    pass over the frames for each power of two.

    >>> covering_max(np.array([[0, 3], [2, 4]]), np.array([1, 2], np.float32), 5)
    array([  1.,   1.,   2.,   2., -inf], dtype=float32)
    """
    start, stop = np.clip(span, 0, frames).T
    power = np.frexp(np.maximum(stop - start, 0).astype(np.float64))[1] - 1  # -1 for an empty span
    best = np.full(frames, -np.inf, np.float32)
    for level in range(int(power.max(initial=-1)), -1, -1):
        here = power == level
        np.maximum.at(best, start[here], score[here])
        np.maximum.at(best, stop[here] - 2**level, score[here])
        if level:
            half = 2 ** (level - 1)
            best = np.concatenate([best[:half], np.maximum(best[half:], best[:-half])])
    return best


def _too_short(short: BoolArray) -> Reasons:
    return as_runs(short.astype(np.int64), ("", "too short"))


def _slots(windows: Windows, times: Times) -> tuple[IntArray, BoolArray, BoolArray]:
    """The window that judges each frame, which frames lie outside of all, and which in a part without a window."""
    frames = np.arange(len(times))
    slot = np.searchsorted(windows.begin, frames, side="right") - 1
    count = np.bincount(times.part[windows.about], minlength=len(times.starts))
    short: BoolArray = (count == 0)[times.part]
    nearest = np.clip(slot, 0, max(len(windows) - 1, 0))
    if not len(windows):
        return nearest, np.ones(len(frames), np.bool_), short
    judged = times.part[windows.about[nearest]] == times.part
    outside = (slot < 0) | ~judged | (frames >= windows.end[nearest])
    return nearest, outside, short


def _window_codes(code: IntArray, windows: Windows) -> IntArray:
    """(windows,) the first reason in each window; 0 where all its frames are scorable."""
    frames = len(code)
    next_bad = np.minimum.accumulate(np.where(code > 0, np.arange(frames), frames)[::-1])[::-1]
    first = next_bad[windows.first]
    return np.where(first <= windows.last, np.append(code, 0)[first], 0)


def _nearest(wanted: BoolArray, part: IntArray) -> IntArray:
    """For each frame, the nearest frame of its part that is wanted (itself, if it is); of two, the earlier."""
    places = np.flatnonzero(wanted)
    here = np.arange(len(wanted))
    after = places[np.clip(np.searchsorted(places, here), 0, len(places) - 1)]
    before = places[np.clip(np.searchsorted(places, here, side="right") - 1, 0, len(places) - 1)]
    far = len(wanted)
    since = np.where(part[before] == part, np.abs(here - before), far)
    until = np.where(part[after] == part, np.abs(after - here), far)
    nearest: IntArray = np.where(since <= until, before, after)
    return nearest
