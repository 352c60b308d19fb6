"""Correction without retraining: abilities that a model has or has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

import numpy as np

from oddframe.types import FloatArray, Observations, VideoId


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
