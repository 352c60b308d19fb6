"""Stretches of frames with a word: what is anomalous according to the ground truth, and what could not be scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from oddframe.errors import DataError
from oddframe.scoring import Reasons, as_codes, as_runs
from oddframe.types import BoolArray, Timeline, VideoId

Truth: TypeAlias = Mapping[VideoId, BoolArray | Sequence[tuple[int, int, str]]]
"""Per video: (F,) whether each frame is anomalous, or (first frame, one past the last, kind) runs."""


def truth_of(timeline: Timeline, truth: Truth | None) -> Reasons:
    """Return the anomalous stretches of one video.

    Args:
        timeline: of the video.
        truth: of some videos; None = there is no ground truth.

    Returns:
        (first frame, one past the last, kind) runs; those of a mask are of kind "". None where the video is not in
        `truth`.

    Raises:
        DataError: the mask has not one value per frame, or a run lies outside the video.
    """
    said = () if truth is None else truth.get(timeline.info.id, ())
    frames = len(timeline.scores)
    if not isinstance(said, np.ndarray):
        runs = tuple((int(start), int(end), str(kind)) for start, end, kind in said)
    elif said.shape == (frames,):
        runs = tuple((start, end, "") for start, end, _ in as_runs(said.astype(np.int64), ("", "anomalous")))
    else:
        raise DataError(f"{timeline.info.id}: truth of shape {said.shape} for {frames} frames; give one value a frame")
    for start, end, _ in runs:
        if not 0 <= start <= end <= frames:
            raise DataError(f"{timeline.info.id}: truth has frames {start} to {end} of {frames}; give frame numbers")
    return runs


def kind_at(runs: Reasons, frame: int) -> str:
    """Return the kind of the stretch that holds a frame; "" if none does.

    >>> kind_at(((0, 5, "cart"), (5, 9, "skater")), 5)
    'skater'
    """
    return next((kind for start, end, kind in runs if start <= frame < end), "")


def not_scorable(timeline: Timeline) -> Reasons:
    """Return the stretches without a score as (first frame, one past the last, reason) runs."""
    code, words = as_codes(timeline.reasons, len(timeline.valid))
    code = np.where(code == 0, len(words), code)
    return as_runs(np.where(timeline.valid, 0, code), (*words, "not scorable"))
