"""The base of all models that score an observation by its distance to normal ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

from oddframe.index.flat import FlatIndex
from oddframe.models.base import Model, ScoringStream
from oddframe.models.crops import each_crop, one_crop, over_crops
from oddframe.models.explaining import Explanation, oddest_crops
from oddframe.models.rowwise import RowwiseStream
from oddframe.models.standardise import Standardiser
from oddframe.types import FloatArray, Observations, Run, Spec, VideoId, VideoInfo


class DistanceModel(Model):
    """Compares each crop of each observation with normal ones, on its own: `Teachable` and `Explaining`.

    Taught observations form a shard of their own, as the vectors that the model compares. A subclass sets both
    attributes:

    Attributes:
        _standardiser: turns entries into vectors.
        _taught: what was taught.
    """

    _standardiser: Standardiser
    _taught: FlatIndex

    def check(self, spec: Spec) -> None:
        self._standardiser.check_fitted(one_crop(spec)[1])

    def teach(self, observations: Observations) -> Self:
        """Accept observations of one video as normal; see `Teachable`."""
        crops = each_crop(observations, self._standardiser.spec)
        self._taught.add(crops.video, crops.frame, crops.box, self._vectors(crops))
        return self

    def unteach(self, video: VideoId) -> Self:
        """Remove what was taught from this video; see `Teachable`."""
        self._taught.forget(video)
        return self

    def explain(self, observations: Observations, nearest: int = 3) -> tuple[Explanation, ...]:
        """Explain why each observation has its score; see `Explaining`.

        Args:
            observations: of one video, with data.
            nearest: at most so many normal moments a comparison.

        Returns:
            One explanation for each observation; of several crops, that of the crop with the highest score.
        """
        self._check_comparable()
        crops = each_crop(observations, self._standardiser.spec)
        found = [self._explained(crops.select(slice(row, row + 1)), nearest) for row in range(len(crops))]
        return oddest_crops(found, len(observations))

    @abstractmethod
    def distance_at(self, score: float) -> float:
        """The distance that gives this score; see `Explaining`."""

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        self._check_comparable()
        return RowwiseStream(video, over_crops(self._score, self._standardiser.spec))

    @abstractmethod
    def _check_comparable(self) -> None:
        """Raise `NotFitted` where there is nothing to compare with."""

    @abstractmethod
    def _vectors(self, crops: Observations) -> dict[str, FloatArray]:
        """Name -> (N, d) what is compared, of N crops."""

    @abstractmethod
    def _score(self, crops: Observations, start: int) -> tuple[FloatArray, Mapping[str, FloatArray]]:
        """Score and parts of N crops, the first of which is number `start` of its video."""

    @abstractmethod
    def _explained(self, crop: Observations, nearest: int) -> Explanation:
        """Why one crop has its score, with at most so many normal moments a comparison."""
