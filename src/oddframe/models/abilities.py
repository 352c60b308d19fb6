"""Optional abilities: what a model either can do or cannot.

A model can be corrected without retraining (`Updatable`, `Teachable`), its score can be a weighted sum of parts
(`Fused`), and it can carry its memory from one test video to the next (`Carrying`). Each ability is a protocol of
methods that a class has or has not, never a flag that changes what a method returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

import numpy as np

from oddframe.models.base import Model, ScoringStream
from oddframe.types import FloatArray, Observations, Run, VideoId, VideoInfo


@runtime_checkable
class Updatable(Protocol):
    """A model whose normality is a sum over videos, so that one video can be removed again."""

    def forget(self, video: VideoId) -> Self:
        """Remove what was absorbed from this video; what `train` learned from it stays."""


@runtime_checkable
class Teachable(Protocol):
    """A model that accepts single observations as normal.

    Taught observations form a shard of their own, beside what the model knows, and a score is the smaller one of the
    two shards' scores. (One more code among the many of a bucket would hardly move their mean.) So teaching never
    raises a score: a taught observation has distance 0, and observations that are as near to it as normal ones are to
    each other count as normal too. A model that was taught nothing gives the same scores to the bit.
    """

    def teach(self, observations: Observations) -> Self:
        """Accept some observations of one video, with data, as normal.

        Raises:
            NotFitted: train first.
            SpecError: they are not of the kind that the model was trained on.
        """

    def unteach(self, video: VideoId) -> Self:
        """Remove what was taught from this video."""


def nearer(
    distance: FloatArray, parts: Mapping[str, FloatArray], other: FloatArray, others: Mapping[str, FloatArray]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Choose, row by row, the smaller one of two shards' distances, with the parts of the shard that it comes from.

    Args:
        distance, parts: (N,) distances of the first shard, and its parts by name, (N,) each.
        other, others: the same of the second shard; its parts have at least the same names.

    Returns:
        (N,) distances and the parts that belong to them, by name.
    """
    wins = other < distance
    return np.where(wins, other, distance), {name: np.where(wins, others[name], part) for name, part in parts.items()}


@runtime_checkable
class Fused(Protocol):
    """A model whose score is a weighted sum of parts, each brought to one scale first.

    The model chooses the scale when it scores, where nothing is known of the rest of the video. A protocol may choose
    another one for a figure, where the whole video is known.
    """

    @property
    def fusion(self) -> Mapping[str, float]:
        """Part (a name in `Scored.parts`) -> its weight; negative where a high value is normal."""


def fusion_of(model: Model) -> Mapping[str, float] | None:
    """The weights of a model's parts; None where its score is not made of parts."""
    found = model.fusion if isinstance(model, Fused) else None
    return found if isinstance(found, Mapping) else None  # knn has a setting of that name, which is a word


@runtime_checkable
class Carrying(Protocol):
    """A model that can begin a video in the state in which it ended another (paper LGN-Net, "test phase").

    Scores then depend on which videos came before, and in which order. So a detector never does it: only a bench does,
    under protocols that say so, in the order of the split. `open` starts from the trained state, as always.
    """

    def open_after(self, video: VideoInfo, previous: ScoringStream | None, run: Run = Run()) -> ScoringStream:
        """Start to score a video after another one.

        Args:
            video: the video to score.
            previous: the closed stream of the video before; None for the first one.
            run: where and how to run.

        Returns:
            A stream that takes the video's observations.

        Raises:
            NotFitted: before `train`.
        """
