"""Correction without retraining: abilities that a model has or has not.

Scores that are made of parts: what each part counts for, where a protocol wants to weigh them itself.

What a model learns in one test video and takes into the next: only where a published protocol has it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

import numpy as np

from oddframe.models.base import Model, ScoringStream
from oddframe.types import FloatArray, Observations, Run, VideoId, VideoInfo


@runtime_checkable
class Updatable(Protocol):
    """A model whose normality is a sum over videos, so that one can be taken away again."""

    def forget(self, video: VideoId) -> Self:
        """Drop what was absorbed from this video; what `train` learned from it stays."""


@runtime_checkable
class Teachable(Protocol):
    """A model that can be told that some observations were normal.

    They become a shard of their own, beside what the model knows, and a score is the lesser of the two shards': one
    more code among the many of a bucket would move their mean by nothing. So teaching raises no score; a taught
    observation has distance 0, and what is as near to it as normal things are to each other counts as normal too.
    With nothing taught, scores are to the bit what they were.
    """

    def teach(self, observations: Observations) -> Self:
        """Take some observations of one video, with data, for normal.

        Raises:
            NotFitted: train first.
            SpecError: they are not what the model was trained on.
        """

    def unteach(self, video: VideoId) -> Self:
        """Drop what was taught of this video."""


def nearer(
    distance: FloatArray, parts: Mapping[str, FloatArray], other: FloatArray, others: Mapping[str, FloatArray]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Row by row, the lesser of two shards' (N,) distances, with the parts of the shard that it comes from."""
    wins = other < distance
    return np.where(wins, other, distance), {name: np.where(wins, others[name], part) for name, part in parts.items()}


@runtime_checkable
class Fused(Protocol):
    """A model whose score is a weighted sum of parts, each put on one scale first.

    Which scale is for the model to choose in `score`, where nothing is known of the rest of the video, and for a
    protocol in a figure, where all of it is.
    """

    @property
    def fusion(self) -> Mapping[str, float]:
        """Part (of `Scored.parts`) -> its weight; below 0 where a high value is normal."""


def fusion_of(model: Model) -> Mapping[str, float] | None:
    """The weights of a model's parts; None where its score is not made of parts."""
    found = model.fusion if isinstance(model, Fused) else None
    return found if isinstance(found, Mapping) else None  # knn has a setting of that name, which is a word


@runtime_checkable
class Carrying(Protocol):
    """A model that can go on, in a video, from where it was at the end of another (paper LGN-Net, "test phase").

    Scores then depend on which videos came before, and in which order. So a detector never does it: only a bench does,
    under protocols that say so, in the order of the split. `open` stays as it is.
    """

    def open_after(self, video: VideoInfo, previous: ScoringStream | None, run: Run = Run()) -> ScoringStream:
        """Start to score a video after another one.

        Args:
            video: the video.
            previous: the closed stream of the video before; None for the first.
            run: where and how to run.

        Raises:
            NotFitted: before `train`.
        """
