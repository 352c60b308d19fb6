"""Entries that hold several crops: each crop is compared on its own, and a score is the mean over them (paper LLSH)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from oddframe.errors import SpecError
from oddframe.models.rowwise import RowScores
from oddframe.models.source import ObservationSource
from oddframe.types import FloatArray, IntArray, Observations, Spec, VideoId, VideoInfo


def one_crop(spec: Spec) -> tuple[int, Spec]:
    """How many crops an observation has (1 where no entry has any), and the spec of a single crop.

    Raises:
        SpecError: some entries have crops and others not, or another number.
    """
    if not any(entry.crops for entry in spec.fields.values()):
        return 1, spec
    counts = {name: entry.shape[0] if entry.crops else 1 for name, entry in spec.fields.items()}
    if len(set(counts.values())) > 1 or not all(entry.crops for entry in spec.fields.values()):
        raise SpecError(f"entries disagree about crops ({counts}); give all of them the same number")
    fields = {name: replace(entry, shape=entry.shape[1:], crops=False) for name, entry in spec.fields.items()}
    return next(iter(counts.values())), Spec(fields)


class EachCrop(ObservationSource):
    """A source in which every crop of an observation is an observation, in the order of the crops.

    Args:
        source: where the observations come from; one without crops is passed on unchanged.

    Raises:
        SpecError: see `one_crop`.
    """

    def __init__(self, source: ObservationSource) -> None:
        self._source = source
        self._crops, self._spec = one_crop(source.spec)
        self._whole = source.spec == self._spec

    @property
    def crops(self) -> int:
        """How many crops an observation of the source has."""
        return self._crops

    @property
    def spec(self) -> Spec:
        return self._spec

    def videos(self) -> Sequence[VideoInfo]:
        return self._source.videos()

    def columns(self, video: VideoId) -> Observations:
        return _repeated(self._source.columns(video), self._crops)

    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        if self._whole:
            return self._source.take(indices)
        rows, places = np.unique(np.asarray(indices) // self._crops, return_inverse=True)
        return {name: held[places, indices % self._crops] for name, held in self._source.take(rows).items()}

    def label(self, video: VideoId) -> bool | None:
        return self._source.label(video)

    def rows(self, video: VideoId) -> range:
        rows = self._source.rows(video)
        return range(rows.start * self._crops, rows.stop * self._crops)

    def __len__(self) -> int:
        return len(self._source) * self._crops


def over_crops(score: RowScores, crop: Spec) -> RowScores:
    """A scoring function of crops, as one of whole observations: each score and part is the mean over the crops.

    Args:
        score: scores single crops.
        crop: the spec of one crop.
    """

    def scored(observations: Observations, start: int) -> tuple[FloatArray, Mapping[str, FloatArray]]:
        crops = _crops_in(observations, crop)
        if not crops:
            return score(observations, start)
        found, parts = score(each_crop(observations, crop), start * crops)
        return _mean(found, crops), {name: _mean(part, crops) for name, part in parts.items()}

    return scored


def _crops_in(observations: Observations, crop: Spec) -> int:
    """0 where the data are not in crops."""
    for name, entry in crop.fields.items():
        held = observations.data.get(name)
        if held is not None and held.dim() == len(entry.shape) + 2:
            return held.shape[1]
    return 0


def each_crop(observations: Observations, crop: Spec) -> Observations:
    """Every crop as an observation of its own, in the order of the crops; without crops, the observations unchanged.

    Args:
        observations: N rows with data.
        crop: the spec of one crop.
    """
    crops = _crops_in(observations, crop)
    if not crops:
        return observations
    data = {name: held.flatten(0, 1) for name, held in observations.data.items()}
    return replace(_repeated(observations, crops), data=data)


def _repeated(observations: Observations, crops: int) -> Observations:
    return observations.columns().select(np.repeat(np.arange(len(observations)), crops))


def _mean(values: FloatArray, crops: int) -> FloatArray:
    mean: FloatArray = np.asarray(values, np.float32).reshape(-1, crops).mean(axis=1, dtype=np.float64)
    return mean.astype(np.float32)
