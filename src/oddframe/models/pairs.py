"""Which observations belong together: pairs from nearby moments of the same video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oddframe.types import IntArray, Observations


def draw_pairs(
    columns: Sequence[Observations], draws: int, offset: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Numbers of anchors and of their positives: `draws` anchors from each video that has observations, shuffled.

    An anchor is any observation of its video. Its positive is about a frame at a uniformly drawn offset of up to
    `offset` frames either way: of the anchor's own track, where it is tracked and the track has another observation
    within reach, the one whose frame is nearest to the drawn one; else any observation of the video's frame
    that is nearest to it.

    Args:
        columns: each video's observations, in the order that numbers them.
        draws: anchors per video.
        offset: frames, >= 0.
        random: where the draws come from.
    """
    anchors, positives, start = [], [], 0
    for video in columns:
        if len(video):
            chosen = random.integers(len(video), size=draws)
            shifts = random.integers(-offset, offset, size=draws, endpoint=True)
            anchors.append(chosen + start)
            found = [_positive(video, int(r), int(s), offset, random) for r, s in zip(chosen, shifts, strict=True)]
            positives.append(np.array(found, np.int64) + start)
        start += len(video)
    order = random.permutation(draws * len(anchors))
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *anchors])[order], np.concatenate([nothing, *positives])[order]


def _positive(video: Observations, row: int, shift: int, offset: int, random: np.random.Generator) -> int:
    """The number, within the video, of one positive of observation `row`."""
    frame, wanted = int(video.frame[row]), int(video.frame[row]) + shift
    if video.track is not None:
        reach = slice(*np.searchsorted(video.frame, [frame - offset, frame + offset + 1]).tolist())
        own = np.flatnonzero(video.track[reach] == video.track[row]) + reach.start
        own = own[own != row]
        if len(own):
            return int(own[np.argmin(np.abs(video.frame[own] - wanted))])
    after = min(int(np.searchsorted(video.frame, wanted)), len(video) - 1)
    before = max(after - 1, 0)
    nearer = before if abs(int(video.frame[before]) - wanted) <= abs(int(video.frame[after]) - wanted) else after
    first, end = np.searchsorted(video.frame, [video.frame[nearer], video.frame[nearer] + 1])
    return int(random.integers(first, end))
