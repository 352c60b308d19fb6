"""Explanations of scores: which normal observations one was compared with, and how far it is from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from oddframe.index.provenance import Provenance
from oddframe.types import FloatArray, IntArray, Observations, VideoId


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A normal observation, and how far the explained one is from it.

    Args:
        video: which video it is from.
        frame: which frame of that video it is about.
        box: x0 y0 x1 y1 in pixels of that frame.
        distance: in the unit of the explanation.
    """

    video: VideoId
    frame: int
    box: tuple[float, float, float, float]
    distance: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one table or part of a model found.

    Args:
        part: its name among the parts of the score ("table3", "distance"), or "taught".
        distance: the result, in the unit of the explanation.
        codes: how many normal observations were compared.
        nearest: some of these, nearest first; empty where a model does not store them.
        bucket: of a hash table, the key of the observation's bucket.
        flips: of a hash table, how many bits the bucket that answered is away: 0 = its own, -1 = none was near enough.
    """

    part: str
    distance: float
    codes: int
    nearest: tuple[Neighbour, ...] = ()
    bucket: int | None = None
    flips: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one observation has its score.

    Args:
        score: the model's score; of an observation in crops, that of the crop with the highest one.
        distance: what the score is computed from.
        unit: what distances are measured in, in words.
        comparisons: what it was compared with.
    """

    score: float
    distance: float
    unit: str
    comparisons: tuple[Comparison, ...]

    @property
    def nearest(self) -> tuple[Neighbour, ...]:
        """The normal moments of all comparisons, each once at its smallest distance, nearest first."""
        found: dict[tuple[VideoId, int, tuple[float, ...]], Neighbour] = {}
        for moment in sorted((m for c in self.comparisons for m in c.nearest), key=lambda m: m.distance):
            found.setdefault((moment.video, moment.frame, moment.box), moment)
        return tuple(found.values())


@runtime_checkable
class Explaining(Protocol):
    """A model that knows which normal observations a score comes from."""

    def explain(self, observations: Observations, nearest: int = 3) -> tuple[Explanation, ...]:
        """Explain why each of some observations of one video has its score.

        Args:
            observations: with data.
            nearest: at most so many normal moments a comparison.

        Returns:
            One explanation for each observation, in order.

        Raises:
            NotFitted: there is nothing to compare with.
            SpecError: they are not of the kind that the model was trained on.
        """

    def distance_at(self, score: float) -> float:
        """The distance that gives this score: whatever is within it scores no higher."""


def moments(source: Provenance, rows: IntArray, distances: FloatArray) -> tuple[Neighbour, ...]:
    """The moments that stored rows stand for, in the order given.

    Args:
        source: where each stored row comes from.
        rows: (n,) numbers of rows.
        distances: (n,) how far each is from the explained observation.
    """
    return tuple(
        Neighbour(source.names[source.video[row]], int(source.frame[row]), _box(source.box[row]), float(distance))
        for row, distance in zip(rows, distances, strict=True)
    )


def oddest_crops(explained: Sequence[Explanation], observations: int) -> tuple[Explanation, ...]:
    """The explanation of each observation's crop with the highest score.

    Args:
        explained: of all crops, observation by observation.
        observations: how many observations the crops belong to.
    """
    crops = len(explained) // max(observations, 1)
    groups = (explained[start : start + crops] for start in range(0, len(explained), max(crops, 1)))
    return tuple(max(group, key=lambda one: one.score) for group in groups)


def _box(box: FloatArray) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = np.asarray(box, np.float64).tolist()
    return x0, y0, x1, y1
