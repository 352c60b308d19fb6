"""Which observations belong together: pairs from nearby moments of the same video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oddframe.types import IntArray, Observations


def draw_pairs(
    columns: Sequence[Observations],
    draws: int,
    offset: int,
    random: np.random.Generator,
    crops: Sequence[float] | None = None,
) -> tuple[IntArray, IntArray]:
    """Numbers of anchors and of their positives: `draws` anchors from each video that has observations, shuffled.

    An anchor is any observation of its video. Its positive is about a frame at a uniformly drawn offset of up to
    `offset` frames either way: of the anchor's own track, where it is tracked and the track has another observation
    within reach, the one whose frame is nearest to the drawn one; else any observation of the video's frame
    that is nearest to it, with the chances of its crops where they are given.

    Args:
        columns: each video's observations, in the order that numbers them.
        draws: anchors per video.
        offset: frames, >= 0.
        random: where the draws come from.
        crops: chances of the crops, which take turns as a video's observations, to be a positive; in any unit.
    """
    anchors, positives, start = [], [], 0
    for video in columns:
        if len(video):
            chosen = random.integers(len(video), size=draws)
            shifts = random.integers(-offset, offset, size=draws, endpoint=True)
            anchors.append(chosen + start)
            reach = [_candidates(video, int(r), int(s), offset) for r, s in zip(chosen, shifts, strict=True)]
            found = [_drawn(candidates, random, crops) for candidates in reach]
            positives.append(np.array(found, np.int64) + start)
        start += len(video)
    order = random.permutation(draws * len(anchors))
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *anchors])[order], np.concatenate([nothing, *positives])[order]


def _candidates(video: Observations, row: int, shift: int, offset: int) -> IntArray:
    """The numbers, within the video, of what may be the positive of observation `row`: all about one frame."""
    frame, wanted = int(video.frame[row]), int(video.frame[row]) + shift
    if video.track is not None:
        reach = slice(*np.searchsorted(video.frame, [frame - offset, frame + offset + 1]).tolist())
        own: IntArray = np.flatnonzero(video.track[reach] == video.track[row]) + reach.start
        own = own[video.frame[own] != frame]
        if len(own):
            nearest = own[np.argmin(np.abs(video.frame[own] - wanted))]
            there: IntArray = own[video.frame[own] == video.frame[nearest]]
            return there
    after = min(int(np.searchsorted(video.frame, wanted)), len(video) - 1)
    before = max(after - 1, 0)
    nearer = before if abs(int(video.frame[before]) - wanted) <= abs(int(video.frame[after]) - wanted) else after
    first, end = np.searchsorted(video.frame, [video.frame[nearer], video.frame[nearer] + 1])
    return np.arange(first, end)


def _drawn(candidates: IntArray, random: np.random.Generator, crops: Sequence[float] | None) -> int:
    if crops is None:
        return int(candidates[random.integers(len(candidates))])
    chances = np.resize(np.asarray(crops, np.float64), len(candidates))  # an observation's crops are never cut apart
    return int(random.choice(candidates, p=chances / chances.sum()))
