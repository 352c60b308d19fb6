"""Checks of scores and labels: rows of one length, numbers, two classes where two are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError

Frames: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]
"""One video's scores (F,) and whether each frame is anomalous (F,)."""


LEAVE_OUT = "leave frames that are not scorable out of scores and labels"


def checked_frames(scores: npt.ArrayLike, labels: npt.ArrayLike, remedy: str = LEAVE_OUT) -> Frames:
    """Check the scores and labels of frames; either class may be missing.

    Args:
        scores, labels: as they were given.
        remedy: what the message on a NaN advises.

    Returns:
        Scores (F,) without NaN, and labels (F,) as booleans.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, or what is not numbers.
    """
    values, truth = _array(scores), _array(labels)
    if values.ndim != 1 or values.shape != truth.shape:
        raise DataError(f"scores and labels must be two rows of one length, not {values.shape} and {truth.shape}")
    if values.dtype.kind not in "fiub" or truth.dtype.kind not in "fiub":
        raise DataError(f"scores and labels must be numbers, not {values.dtype} and {truth.dtype}")
    if values.dtype.kind == "f" and bool(np.isnan(values).any()):
        first = int(np.flatnonzero(np.isnan(values))[0])
        raise DataError(f"score of frame {first} is NaN: {remedy}")
    odd = truth.astype(bool)
    if not np.array_equal(odd, truth):
        raise DataError("labels must be 0 or 1 (False or True)")
    return values, odd


def checked_videos(
    scores: Sequence[npt.ArrayLike], labels: Sequence[npt.ArrayLike], remedy: str = LEAVE_OUT
) -> list[Frames]:
    """Check the scores and labels of at least one video. Arguments as for `checked_frames`, one row a video.

    Returns:
        Scores (F_v,) and labels (F_v,) of each video.

    Raises:
        DataError: as `checked_frames`, and the message names the video by its position; or lists that differ in length.
    """
    if len(scores) != len(labels) or not len(scores):
        raise DataError(
            f"scores and labels must be two lists with one entry a video, not {len(scores)} and {len(labels)} entries"
        )
    return [_named(video, *pair, remedy) for video, pair in enumerate(zip(scores, labels, strict=True))]


def need_both_classes(odd: npt.NDArray[np.bool_]) -> None:
    """Refuse labels that leave a figure undefined.

    Raises:
        DataError: no label, or only one class of labels.
    """
    if not 0 < np.count_nonzero(odd) < len(odd):
        raise DataError(f"undefined: only one class among {len(odd)} labels; both normal and anomalous are needed")


def _named(video: int, scores: npt.ArrayLike, labels: npt.ArrayLike, remedy: str) -> Frames:
    try:
        return checked_frames(scores, labels, remedy)
    except DataError as error:
        raise DataError(f"video {video}: {error}") from error


def _array(values: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of several lengths
        raise DataError("scores and labels must be two rows of one length, not rows in rows") from error
