"""AUROC over all frames of all videos (micro), and video by video (macro) with a named policy for one-class videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.checked import Frames, checked_videos
from oddframe.metrics.frame import auroc

OneClassPolicy: TypeAlias = Literal["skip", "flip", "append"]
"""What becomes of a video without any normal, or without any anomalous frame; see `macro_auroc`."""


@dataclass(frozen=True, slots=True)
class MacroAuroc:
    """The mean over videos of their AUROC, and what it is the mean of.

    Args:
        value: the mean, 0 .. 1.
        videos: each video's AUROC, in the order given; NaN for a video that was skipped.
        undefined: positions of the videos of one class, whose AUROC is undefined or an artefact of the policy.
        policy: how those were treated, see `macro_auroc`.
    """

    value: float
    videos: tuple[float, ...]
    undefined: tuple[int, ...]
    policy: OneClassPolicy


def macro_auroc(
    scores: Sequence[npt.ArrayLike], labels: Sequence[npt.ArrayLike], *, policy: OneClassPolicy = "skip"
) -> MacroAuroc:
    """Compute the mean over videos of the AUROC within each; every video counts the same.

    The AUROC is undefined for a video of one class. Published figures follow one of these policies, and differ by it:

    - `skip`: such videos are left out of the mean.
    - `flip`: in such videos, and only there, the label of the *first* frame is inverted.
    - `append`: *every* video, those of two classes too, gets a normal frame of score 0 and an anomalous frame of
      score 1. Meant for scores within 0 .. 1 (Georgescu et al., TPAMI 2021, and what builds on their evaluation).

    Args:
        scores: V rows, each (F_v,); higher = more anomalous.
        labels: V rows, each (F_v,); True or 1 = anomalous.
        policy: for videos of one class, see above.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ; every video has one class; under
            `flip`, a one-class video of a single frame; under `append`, a score outside 0 .. 1.
        SettingsError: another policy.

    >>> result = macro_auroc([[0.1, 0.9], [0.5, 0.3]], [[0, 1], [0, 0]], policy="flip")
    >>> result.value, result.videos, result.undefined
    (1.0, (1.0, 1.0), (1,))
    """
    if policy not in get_args(OneClassPolicy):
        raise SettingsError(f"no one-class policy {policy!r}: choose one of {', '.join(get_args(OneClassPolicy))}")
    videos = checked_videos(scores, labels)
    undefined = tuple(v for v, (_, odd) in enumerate(videos) if odd.all() or not odd.any())
    if len(undefined) == len(videos):
        raise DataError("undefined: every video has only one class of frames; macro AUROC needs one that has both")
    one_class = set(undefined)
    each = tuple(_of_video(v, frames, policy, v in one_class) for v, frames in enumerate(videos))
    return MacroAuroc(float(np.nanmean(each)), each, undefined, policy)


def micro_auroc(scores: Sequence[npt.ArrayLike], labels: Sequence[npt.ArrayLike]) -> float:
    """Compute one AUROC over the frames of all videos together; every frame counts the same.

    Args:
        scores: V rows, each (F_v,); higher = more anomalous, comparable between videos.
        labels: V rows, each (F_v,); True or 1 = anomalous.

    Returns:
        0 to 1, higher is better; 0.5 = chance.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, or one class in all videos together.

    >>> micro_auroc([[0.1, 0.9], [0.5, 0.3]], [[0, 1], [0, 0]])
    1.0
    """
    videos = checked_videos(scores, labels)
    return auroc(np.concatenate([s for s, _ in videos]), np.concatenate([odd for _, odd in videos]))


def _of_video(video: int, frames: Frames, policy: OneClassPolicy, one_class: bool) -> float:
    scores, odd = frames
    if policy == "append":
        return auroc(_with_extremes(video, scores), np.concatenate([[False], odd, [True]]))
    if not one_class:
        return auroc(scores, odd)
    if policy == "skip":
        return float("nan")
    if len(odd) < 2:
        raise DataError(f"video {video}: undefined: {len(odd)} frames are too few to flip one label; skip such videos")
    return auroc(scores, np.concatenate([~odd[:1], odd[1:]]))


def _with_extremes(video: int, scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
        raise DataError(
            f"video {video}: a score lies outside 0 .. 1, so the appended frames would not be the extremes: "
            "rescale the scores, or use another one-class policy"
        )
    return np.concatenate([[0], scores, [1]])
