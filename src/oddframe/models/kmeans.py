"""Model `kmeans`: the distance to the nearest cluster of normal observations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch

from oddframe.errors import NotFitted, SettingsError, StoreError
from oddframe.index.exact import WideSearch
from oddframe.index.flat import FlatIndex
from oddframe.index.saving import stored_array, stored_tensor, stored_value, to_tensor
from oddframe.models.abilities import nearer
from oddframe.models.base import ModelState, Regime, inner, nest
from oddframe.models.crops import EachCrop
from oddframe.models.distance import DistanceModel
from oddframe.models.explaining import Comparison, Explanation, moments
from oddframe.models.multiplications import clusters_cost, neighbours_cost
from oddframe.models.normal_scale import LEAST
from oddframe.models.source import ObservationSource, each_video
from oddframe.models.standardise import Standardiser, chunk_rows
from oddframe.types import FloatArray, IntArray, Observations, Progress, Run

_STRETCHES = 8  # pieces of a single video that stand in for other videos


class KMeans(DistanceModel):
    """Scores an observation by its distance to the nearest centroid of normal ones (paper LLSH, section 4.5).

    The distance, divided by a scale, is the part "distance", and the score is its log(1 + part), as in `KNN`. The scale
    is a quantile of normal observations' distances to the clusters of *other* videos (see `left_out_distances`), or of
    the other eighths of a single video: a part near 1 is at the edge of normal.

    Each crop of an observation is clustered on its own, and the observation's score is the mean over its crops.

    `train` does everything and `absorb` adds nothing, because clusters are no sum. To learn more, train on all of it.
    Taught observations are stored one by one, beside the clusters and at their scale.

    Args:
        clusters: K, at most (paper: 1024 and 32); with fewer observations, each is a cluster of its own.
        iterations: most passes over the observations (paper: 300); they end where nothing improves any more.
        weights: entry name -> weight; 0 drops the entry. None = 1 each.
        quantile: of the scale, in (0, 1].
        sample: cluster at most so many observations, a uniform draw.
        seed: of the draw and the first centroids.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "kmeans"
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(
        self,
        *,
        clusters: int = 1024,
        iterations: int = 300,
        weights: Mapping[str, float] | None = None,
        quantile: float = 0.95,
        sample: int = 100_000,
        seed: int = 0,
    ) -> None:
        if min(clusters, iterations, sample) < 1 or not 0 < quantile <= 1:
            raise SettingsError("clusters, iterations and sample are at least 1, and quantile in (0, 1]")
        self.clusters, self.iterations, self.sample = clusters, iterations, sample
        self.weights = None if weights is None else dict(weights)
        self.quantile, self.seed = quantile, seed
        self._standardiser = Standardiser(self.weights)
        self._centroids: FloatArray = np.zeros((0, 0), np.float32)
        self._scale, self._clustered, self._made = 1.0, 0, 0
        self._taught = FlatIndex({})

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser = Standardiser(self.weights).fit(data, run)
        drawn = self._drawn(data, run)
        vectors, source = drawn.vectors("x"), drawn.provenance
        run.progress(Progress("clustering", 0, 1, "runs"))
        self._centroids, self._made = find_centroids(vectors, self.clusters, self.iterations, self.seed)
        self._clustered = len(vectors)
        stretch = np.arange(len(vectors)) * _STRETCHES // len(vectors)  # rows of one video lie in the order of time
        apart = left_out_distances(vectors, self._centroids, source.video if len(source.names) > 1 else stretch)
        self._scale = max(LEAST, float(np.quantile(apart, self.quantile))) if len(apart) else 1.0
        self._taught = self._none_taught()
        return self

    def distance_at(self, score: float) -> float:
        """The distance, in normal scales, that gives this score; see `Explaining`."""
        return math.expm1(score)

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications scoring takes: d K N t + d K M; see `Counted`.

        N counts the observations that were clustered, t the passes that were made.
        """
        centroids, queries = self._trained(), len(EachCrop(data))
        values = centroids.shape[1]
        return clusters_cost(
            values=values, clusters=len(centroids), stored=self._clustered, iterations=self._made, queries=queries
        ) + neighbours_cost(values=values, stored=len(self._taught), queries=queries)

    def state(self) -> ModelState:
        centroids = to_tensor(self._trained())
        scale = torch.tensor(self._scale, dtype=torch.float64)
        clusters = ModelState(
            {"centroid": centroids, "scale": scale}, {"clustered": self._clustered, "iterations": self._made}
        )
        taught = ModelState(*self._taught.state())
        return nest(standardise=self._standardiser.state(), clusters=clusters, taught=taught)

    def restore(self, state: ModelState) -> Self:
        saved, taught = inner(state, "clusters"), inner(state, "taught")
        standardiser = Standardiser(self.weights).restore(inner(state, "standardise"))
        size = sum(standardiser.sizes().values())
        centroids = stored_array(saved.tensors, "centroid", torch.float32, None, size)
        scale = float(stored_tensor(saved.tensors, "scale", torch.float64))
        clustered, made = (stored_value(saved.meta, name, int) for name in ("clustered", "iterations"))
        if not (0 < len(centroids) <= min(self.clusters, clustered) and scale > 0 and made >= 0):
            raise StoreError(
                f"the saved {len(centroids)} clusters of {clustered} observations at scale {scale} do not fit at most "
                f"{self.clusters} clusters; restore them with the settings they were saved with"
            )
        self._standardiser, self._centroids, self._scale = standardiser, centroids, scale
        self._clustered, self._made = clustered, made
        self._taught = self._none_taught().restore(taught.tensors, taught.meta)
        return self

    def _none_taught(self) -> FlatIndex:
        return FlatIndex({"x": sum(self._standardiser.sizes().values())})

    def _trained(self) -> FloatArray:
        """(K, d) the centroids."""
        if not len(self._centroids):
            raise NotFitted("kmeans is not fitted; train it on normal video first")
        return self._centroids

    def _drawn(self, data: ObservationSource, run: Run) -> FlatIndex:
        """The observations to cluster, by video and frame."""
        index = FlatIndex({"x": sum(self._standardiser.sizes().values())}, self.sample, self.seed)
        for info in each_video(data, run, "gathering"):
            for chunk in data.chunks(info.id, chunk_rows(data.spec)):
                index.add(info.id, chunk.frame, chunk.box, self._vectors(chunk))
        return index.settle()

    def _check_comparable(self) -> None:
        self._trained()

    def _vectors(self, crops: Observations) -> dict[str, FloatArray]:
        return {"x": self._standardiser.apply(crops).numpy()}

    def _score(self, observations: Observations, start: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        vectors = self._vectors(observations)["x"]
        part = self._scaled(WideSearch(self._centroids)(vectors, 1)[0])
        parts = {"distance": part}
        if len(self._taught):
            taught = self._scaled(self._taught.query("x", vectors, 1).distance)
            part, parts = nearer(part, parts, taught, {"distance": taught})
        return np.log1p(part), parts

    def _scaled(self, distance: FloatArray) -> FloatArray:
        """(N, 1) distances as (N,) parts."""
        return (distance[:, 0].astype(np.float64) / self._scale).astype(np.float32)

    def _explained(self, one: Observations, nearest: int) -> Explanation:
        vectors = self._vectors(one)["x"]
        part = self._scaled(WideSearch(self._centroids)(vectors, 1)[0])
        found = [Comparison("distance", float(part[0]), len(self._centroids))]
        if len(self._taught):
            near = self._taught.query("x", vectors, nearest)
            told = moments(self._taught.provenance, near.row[0], near.distance[0] / np.float32(self._scale))
            found.append(Comparison("taught", float(self._scaled(near.distance)[0]), len(self._taught), told))
        distance = min(one.distance for one in found)
        return Explanation(math.log1p(distance), distance, "normal scales", tuple(found))


def find_centroids(vectors: FloatArray, clusters: int, iterations: int, seed: int) -> tuple[FloatArray, int]:
    """Find the K means of N >= 1 vectors with faiss: random vectors first, then Lloyd's iterations.

    The work is done on one thread, so that the number of threads cannot change how sums are rounded.

    Args:
        vectors: (N, d) float32.
        clusters: K; with N vectors or fewer, each is its own centroid.
        iterations: at most so many.
        seed: of the draw.

    Returns:
        (K, d) float32 centroids, and how many iterations were made: fewer where they stopped improving.
    """
    import faiss  # noqa: PLC0415  # slow to import

    if len(vectors) <= clusters:
        return vectors.copy(), 0
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        clusters,
        niter=iterations,
        seed=seed % 2**31,
        min_points_per_centroid=1,
        max_points_per_centroid=len(vectors),
    )
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # holds for the calling thread alone
    try:
        kmeans.train(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return np.array(kmeans.centroids, np.float32), np.array(kmeans.obj).size


def left_out_distances(vectors: FloatArray, centroids: FloatArray, group: IntArray) -> npt.NDArray[np.float64]:
    """The distances of vectors to the nearest centroid, as if their own group had not been clustered.

    It is one step of such a clustering: each centroid becomes the mean of its members from other groups, and is dropped
    where there are none. Where every vector is its own centroid, it is the distance to the nearest of another group.

    Args:
        vectors: (N, d) float32, those that were clustered.
        centroids: (K, d) float32.
        group: (N,) which vectors are left out together.

    Returns:
        (n,) float64 distances, group by group; groups without whom no cluster has members are left out.
    """
    cluster = WideSearch(centroids)(vectors, 1)[1][:, 0]
    total, count = _sums(vectors, cluster, len(centroids))
    found = [np.zeros(0)]
    for number in np.unique(group):
        own = group == number
        less, fewer = _sums(vectors[own], cluster[own], len(centroids))
        kept = count > fewer
        if kept.any():
            means = (total[kept] - less[kept]) / (count[kept] - fewer[kept])[:, None]
            found.append(WideSearch(means.astype(np.float32))(vectors[own], 1)[0][:, 0].astype(np.float64))
    return np.concatenate(found)


def _sums(vectors: FloatArray, cluster: IntArray, clusters: int) -> tuple[npt.NDArray[np.float64], IntArray]:
    """(K, d) sums and (K,) counts of the clusters' members."""
    total = np.zeros((clusters, vectors.shape[1]))
    np.add.at(total, cluster, vectors)
    return total, np.bincount(cluster, minlength=clusters)
