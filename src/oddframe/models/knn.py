"""Model `knn`: the distance to the nearest normal observations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch

from oddframe.errors import NotFitted, SettingsError, StoreError
from oddframe.index.flat import FlatIndex
from oddframe.index.saving import stored_tensor
from oddframe.models.abilities import nearer
from oddframe.models.base import ModelState, Regime, inner, nest
from oddframe.models.crops import EachCrop
from oddframe.models.distance import DistanceModel
from oddframe.models.explaining import Comparison, Explanation, moments
from oddframe.models.multiplications import neighbours_cost
from oddframe.models.normal_scale import normal_scale
from oddframe.models.source import ObservationSource, each_video
from oddframe.models.standardise import Standardiser, chunk_rows
from oddframe.types import FloatArray, IntArray, Observations, Run, VideoId

FUSIONS = ("sum", "max")


class KNN(DistanceModel):
    """Scores an observation by its mean distance to the k nearest normal ones, exactly.

    One search over the concatenated vector; the distance, divided by the normal scale (see `normal_scale`), is the
    score's part. With `per_entry`, every entry of the data is searched and scaled on its own, and the weighted parts
    are fused. A part near 1 is at the edge of how far normal videos are apart. The score is log(1 + parts): distances
    have heavy tails, and one stray observation must not outweigh a second of others when frame scores are smoothed over
    time. Crops of an observation are neighbours of their own, and its score is the mean over them. Of what was taught,
    only the nearest observation counts.

    `train` fits means, deviations and scales; `absorb` only adds observations. So the scales are those of the training
    data however much is absorbed later, and absorbing is a sum: its order does not matter.

    Args:
        k: neighbours to average over, >= 1.
        per_entry: search entry by entry.
        fusion: "sum" or "max" over the weighted parts.
        weights: entry name -> weight; 0 drops the entry. None = 1 each.
        quantile, sample, gap: of the normal scale; `gap` in seconds.
        coreset: store at most so many observations, a uniform draw (see `FlatIndex`); None = all.
        seed: of both draws.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "knn"
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(
        self,
        *,
        k: int = 1,
        per_entry: bool = False,
        fusion: str = "sum",
        weights: Mapping[str, float] | None = None,
        quantile: float = 0.95,
        sample: int = 2000,
        gap: float = 1.0,
        coreset: int | None = 200_000,
        seed: int = 0,
    ) -> None:
        if k < 1 or sample < 1 or gap < 0 or not 0 < quantile <= 1 or (coreset is not None and coreset < 1):
            raise SettingsError("k, sample and coreset are at least 1, gap at least 0, and quantile in (0, 1]")
        if fusion not in FUSIONS:
            raise SettingsError(f"fusion is one of {', '.join(FUSIONS)}, not {fusion!r}")
        self.k, self.per_entry, self.fusion = k, per_entry, fusion
        self.weights = None if weights is None else dict(weights)
        self.quantile, self.sample, self.gap = quantile, sample, gap
        self.coreset, self.seed = coreset, seed
        Standardiser(self.weights)  # looks the weights over
        self._standardiser = self._unfitted()
        self._scales: dict[str, float] = {}
        self._index = self._taught = FlatIndex({})

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser = self._unfitted().fit(data, run)
        self._index = self._gathered(data, run)
        clocks = {info.id: info for info in data.videos()}
        source = self._index.provenance
        time = np.empty(len(source.frame))
        for number, name in enumerate(source.names):
            mine = source.video == number
            time[mine] = clocks[name].seconds_of(source.frame[mine])
        self._scales = {name: self._scale(self._index.vectors(name), source.video, time) for name in self._sizes()}
        self._index, self._taught = self._empty(), FlatIndex(self._sizes())
        return self

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser.check_fitted(data.spec)
        self._index.merge(self._gathered(data, run))
        return self

    def forget(self, video: VideoId) -> Self:
        """Remove what was absorbed from this video; what `train` learned from it stays."""
        self._index.forget(video)
        return self

    def distance_at(self, score: float) -> float:
        """The distance, in normal scales, that gives this score; see `Explaining`."""
        return math.expm1(score)

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications scoring takes: d N M, each observation against all stored ones; see `Counted`."""
        stored = len(self._index) + len(self._taught)
        return neighbours_cost(values=sum(self._sizes().values()), stored=stored, queries=len(EachCrop(data)))

    def state(self) -> ModelState:
        standardise = self._standardiser.state()
        scale = torch.tensor([self._scales[name] for name in self._sizes()], dtype=torch.float64)
        index, taught = (ModelState(*held.state()) for held in (self._index, self._taught))
        return nest(standardise=standardise, scale=ModelState({"value": scale}), index=index, taught=taught)

    def restore(self, state: ModelState) -> Self:
        saved, scale, taught = (inner(state, part) for part in ("index", "scale", "taught"))
        self._standardiser = self._unfitted().restore(inner(state, "standardise"))
        values = stored_tensor(scale.tensors, "value", torch.float64, len(self._sizes()))
        if not bool((values > 0).all()):
            raise StoreError("a saved normal scale is not above 0; the file is damaged")
        self._scales = dict(zip(self._sizes(), values.tolist(), strict=True))
        self._index = self._empty().restore(saved.tensors, saved.meta)
        self._taught = FlatIndex(self._sizes()).restore(taught.tensors, taught.meta)
        return self

    def _check_comparable(self) -> None:
        if not len(self._index):
            raise NotFitted("knn has nothing to compare with; train on normal video and absorb it first")

    def _unfitted(self) -> Standardiser:
        """Entry by entry, weights belong to the fusion, and only what is dropped is dropped before."""
        weights = self.weights or {}
        return Standardiser(
            {name: float(weight > 0) for name, weight in weights.items()} if self.per_entry else weights
        )

    def _sizes(self) -> dict[str, int]:
        """Name -> length of what is searched on its own."""
        sizes = self._standardiser.sizes()
        return sizes if self.per_entry else {"distance": sum(sizes.values())}

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
        sizes = self._sizes()
        vectors: FloatArray = self._standardiser.apply(observations).numpy()
        parts = np.split(vectors, np.cumsum(list(sizes.values()))[:-1], axis=1)
        return dict(zip(sizes, parts, strict=True))

    def _scale(self, vectors: FloatArray, video: IntArray, time: npt.NDArray[np.float64]) -> float:
        return normal_scale(
            vectors,
            video,
            time,
            k=self.k,
            sample=self.sample,
            gap=self.gap,
            quantile=self.quantile,
            seed=self.seed,
        )

    def _score(self, observations: Observations, start: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        vectors = self._vectors(observations)
        distance, parts = self._measured(self._index, vectors, self.k)
        if len(self._taught):
            distance, parts = nearer(distance, parts, *self._measured(self._taught, vectors, 1))
        return np.log1p(distance), parts

    def _measured(
        self, index: FlatIndex, vectors: Mapping[str, FloatArray], k: int
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Distances to what an index holds, fused and part by part."""
        parts = {}
        for name in self._sizes():
            found = index.query(name, vectors[name], k)
            parts[name] = (found.distance.mean(axis=1, dtype=np.float64) / self._scales[name]).astype(np.float32)
        weights = (self.weights or {}) if self.per_entry else {}
        weighted = np.stack([part * np.float32(weights.get(name, 1.0)) for name, part in parts.items()])
        fused: FloatArray = weighted.sum(axis=0) if self.fusion == "sum" else weighted.max(axis=0)
        return fused, parts

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
