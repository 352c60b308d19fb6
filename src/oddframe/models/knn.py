"""Distance to the nearest normal observations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import brentq

from oddframe.errors import NotFitted, SettingsError, StoreError
from oddframe.index.flat import FlatIndex
from oddframe.index.stored import stored_tensor
from oddframe.models.base import ModelState, Regime
from oddframe.models.crops import EachCrop
from oddframe.models.distance import DistanceModel
from oddframe.models.explaining import Comparison, Explanation, moments
from oddframe.models.multiplications import neighbours_cost
from oddframe.models.nested import inner, nest
from oddframe.models.normal_scale import normal_distances, normal_scale, normal_tail
from oddframe.models.passes import each_video
from oddframe.models.source import ObservationSource
from oddframe.models.standardise import Standardiser, chunk_rows
from oddframe.models.updatable import nearer
from oddframe.types import FloatArray, IntArray, Observations, Run, VideoId

ALONE = "distance"
"""The part of entries without a group."""


class KNN(DistanceModel):
    """Scores an observation by its mean distance to the k nearest normal ones, exactly.

    Entries of one group (see `Field`) are searched as one vector, groups each on their own. A group's part is its
    distance r divided by the normal scale: a part near 1 is at the edge of what normal videos are to each other.
    Beyond that edge, distances of many values get rare faster than those of few; so each group has its own tail t
    too (see `normal_tail`), and the score is the sum of log(1 + r ** t), which is near the logarithm of how rare that
    is. With one group t is 1: there is nothing to compare with, and the order would be the same. Distances have heavy
    tails, and without a logarithm one stray observation would outweigh a second of others when frame scores are
    smoothed over time. Crops of one observation are neighbours of their own, and its score is the mean over them. Of
    what was taught, the nearest alone counts.

    `train` fits means, deviations, scales and tails; `absorb` only adds observations. So the scales are those of the
    training data however much is absorbed later, and absorbing is a sum: its order does not matter.

    Args:
        k: neighbours to average over.
        grouped: whether groups are searched each on their own; else all entries are one vector.
        weights: entry name -> weight within its vector; 0 drops the entry. None = the observer's.
        quantile, sample, gap: of the normal scale; `gap` in seconds.
        coreset: most observations kept, a uniform draw (see `FlatIndex`); None = all.
        seed: of both draws.
    """

    name: ClassVar[str] = "knn"
    version: ClassVar[int] = 2  # groups
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(
        self,
        *,
        k: int = 1,
        grouped: bool = True,
        weights: Mapping[str, float] | None = None,
        quantile: float = 0.95,
        sample: int = 2000,
        gap: float = 1.0,
        coreset: int | None = 200_000,
        seed: int = 0,
    ) -> None:
        if k < 1 or sample < 1 or gap < 0 or not 0 < quantile <= 1 or (coreset is not None and coreset < 1):
            raise SettingsError("k, sample and coreset are at least 1, gap at least 0, and quantile in (0, 1]")
        self.k, self.grouped = k, grouped
        self.weights = None if weights is None else dict(weights)
        self.quantile, self.sample, self.gap = quantile, sample, gap
        self.coreset, self.seed = coreset, seed
        self._standardiser = self._unfitted()
        self._scales: dict[str, float] = {}
        self._tails: dict[str, float] = {}
        self._index = self._taught = FlatIndex({})

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser = self._unfitted().fit(data, run)
        self._index = self._gathered(data, run)
        fps = {info.id: float(info.fps) for info in data.videos()}
        source = self._index.provenance
        time = source.frame / np.array([fps[name] for name in source.names])[source.video]
        apart = {name: self._apart(self._index.vectors(name), source.video, time) for name in self._sizes()}
        self._scales = {name: normal_scale(distances, self.quantile) for name, distances in apart.items()}
        alone = len(apart) == 1
        self._tails = {name: 1.0 if alone else normal_tail(d, self._scales[name]) for name, d in apart.items()}
        self._index, self._taught = self._empty(), FlatIndex(self._sizes())
        return self

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser.check_fitted(data.spec)
        self._index.merge(self._gathered(data, run))
        return self

    def forget(self, video: VideoId) -> Self:
        """Drop what was absorbed from this video; what `train` learned from it stays."""
        self._index.forget(video)
        return self

    def distance_at(self, score: float) -> float:
        """See `Explaining`: in normal scales, that which has this score where all groups are as far."""
        if score <= 0:
            return 0.0
        tails = np.array([self._tails[name] for name in self._sizes()])
        # Searched by logarithms, in which nothing overflows; no tail is under 1.
        found = brentq(lambda far: np.logaddexp(0, tails * far).sum() - score, -800.0, score + 1)
        return math.exp(min(found, 700.0))

    def multiplications(self, data: ObservationSource) -> int:
        """See `Counted`: d N M, each observation against all that are kept."""
        stored = len(self._index) + len(self._taught)
        return neighbours_cost(values=sum(self._sizes().values()), stored=stored, queries=len(EachCrop(data)))

    def state(self) -> ModelState:
        standardise = self._standardiser.state()
        told = {"scale": self._scales, "tail": self._tails}
        fitted = {
            name: torch.tensor([values[part] for part in self._sizes()], dtype=torch.float64)
            for name, values in told.items()
        }
        index, taught = (ModelState(*held.state()) for held in (self._index, self._taught))
        return nest(standardise=standardise, normal=ModelState(fitted), index=index, taught=taught)

    def restore(self, state: ModelState) -> Self:
        saved, normal, taught = (inner(state, part) for part in ("index", "normal", "taught"))
        self._standardiser = self._unfitted().restore(inner(state, "standardise"))
        self._scales, self._tails = (self._restored(normal, name) for name in ("scale", "tail"))
        self._index = self._empty().restore(saved.tensors, saved.meta)
        self._taught = FlatIndex(self._sizes()).restore(taught.tensors, taught.meta)
        return self

    def _check_comparable(self) -> None:
        if not len(self._index):
            raise NotFitted("knn has nothing to compare with; train on normal video and absorb it first")

    def _restored(self, normal: ModelState, name: str) -> dict[str, float]:
        """Part -> its scale or tail."""
        values = stored_tensor(normal.tensors, name, torch.float64, len(self._sizes()))
        if not bool((values > 0).all()):
            raise StoreError(f"a saved normal {name} is not above 0; the file is damaged")
        return dict(zip(self._sizes(), values.tolist(), strict=True))

    def _unfitted(self) -> Standardiser:
        return Standardiser(self.weights)

    def _columns(self) -> dict[str, list[int]]:
        """Part -> the columns of the vector that are searched for it."""
        columns: dict[str, list[int]] = {}
        start = 0
        for name, size in self._standardiser.sizes().items():
            group = self._standardiser.spec.fields[name].group if self.grouped else ""
            columns.setdefault(group or ALONE, []).extend(range(start, start + size))
            start += size
        return dict(sorted(columns.items()))

    def _sizes(self) -> dict[str, int]:
        """Part -> length of what is searched for it."""
        return {name: len(columns) for name, columns in self._columns().items()}

    def _empty(self) -> FlatIndex:
        return FlatIndex(self._sizes(), self.coreset, self.seed)

    def _gathered(self, data: ObservationSource, run: Run) -> FlatIndex:
        """An index over all observations, or the draw from them."""
        index = self._empty()
        for info in each_video(data, run, "absorbing"):
            for chunk in data.chunks(info.id, chunk_rows(data.spec)):
                index.add(info.id, chunk.frame, chunk.box, self._vectors(chunk))
        return index.settle()

    def _vectors(self, observations: Observations) -> dict[str, FloatArray]:
        vectors: FloatArray = self._standardiser.apply(observations).numpy()
        return {name: np.ascontiguousarray(vectors[:, columns]) for name, columns in self._columns().items()}

    def _apart(self, vectors: FloatArray, video: IntArray, time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How far normal observations are from those of other videos."""
        return normal_distances(vectors, video, time, k=self.k, sample=self.sample, gap=self.gap, seed=self.seed)

    def _score(self, observations: Observations, start: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        vectors = self._vectors(observations)
        score, parts = self._measured(self._index, vectors, self.k)
        if len(self._taught):
            score, parts = nearer(score, parts, *self._measured(self._taught, vectors, 1))
        return score, parts

    def _measured(
        self, index: FlatIndex, vectors: Mapping[str, FloatArray], k: int
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Score by what an index holds, and distances part by part."""
        parts = {}
        for name in self._sizes():
            found = index.query(name, vectors[name], k)
            parts[name] = (found.distance.mean(axis=1, dtype=np.float64) / self._scales[name]).astype(np.float32)
        score = sum(_rarity(part, self._tails[name]) for name, part in parts.items())
        return np.asarray(score, np.float32), parts

    def _explained(self, one: Observations, nearest: int) -> Explanation:
        vectors, (score, _) = self._vectors(one), self._score(one, 0)
        found = self._comparisons(self._index, vectors, self.k, nearest)
        if len(self._taught):
            found += [replace(near, part="taught") for near in self._comparisons(self._taught, vectors, 1, nearest)]
        return Explanation(float(score[0]), self.distance_at(float(score[0])), "normal scales", tuple(found))

    def _comparisons(
        self, index: FlatIndex, vectors: Mapping[str, FloatArray], k: int, nearest: int
    ) -> list[Comparison]:
        found = []
        for name, part in self._measured(index, vectors, k)[1].items():
            near = index.query(name, vectors[name], nearest)
            told = moments(index.provenance, near.row[0], near.distance[0] / np.float32(self._scales[name]))
            found.append(Comparison(name, float(part[0]), len(index), told))
        return found


def _rarity(distance: npt.NDArray[Any], tail: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """log(1 + distance ** tail), without the power itself, which may be past all numbers."""
    with np.errstate(divide="ignore"):
        found: npt.NDArray[np.float64] = np.logaddexp(0, tail * np.log(distance.astype(np.float64)))
    return found
