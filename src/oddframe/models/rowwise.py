"""The stream of models that score each observation on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from oddframe.models.base import ScoringStream
from oddframe.types import FloatArray, Observations, Scored, VideoInfo

RowScores = Callable[[Observations, int], tuple[FloatArray, Mapping[str, FloatArray]]]
"""(observations, the number of the first within its video) -> score and parts, a row each."""


class RowwiseStream(ScoringStream):
    """Scores rows as they come, and holds nothing back.

    Args:
        video: whose observations come.
        score: the model's part. It gets the number of the first row too, which fixes the rows' places in batches.
    """

    def __init__(self, video: VideoInfo, score: RowScores) -> None:
        self._video, self._score = video, score
        self._rows = self._through = 0

    def push(self, observations: Observations) -> Scored:
        score, parts = self._score(observations, self._rows)
        self._rows += len(observations)
        self._through = max(self._through, observations.through)
        return Scored(observations.columns(), score, parts)

    def close(self) -> Scored:
        nothing = Observations.none(self._video.id, through=self._through)
        score, parts = self._score(nothing, self._rows)
        return Scored(nothing, np.asarray(score, np.float32), parts)
