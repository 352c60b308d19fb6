"""Clusters of normal observations, and how near normal observations of other videos come to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from oddframe.index.wide import WideSearch
from oddframe.types import FloatArray, IntArray


def find_centroids(vectors: FloatArray, clusters: int, iterations: int, seed: int) -> tuple[FloatArray, int]:
    """K means of N >= 1 vectors, by faiss: random vectors to begin with, then Lloyd's iterations.

    The work is done on one thread, so that the number of threads cannot change how sums are rounded.

    Args:
        vectors: (N, d) float32.
        clusters: K; with N vectors or fewer, each is its own.
        iterations: at most so many.
        seed: of the draw.

    Returns:
        (K, d) centroids, and how many iterations were made: fewer where they no longer gained anything.
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
    """Distances of vectors to the nearest centroid, had the vectors of their own group not been clustered.

    One step of such a clustering: each centroid becomes the mean of its members from other groups, and is dropped
    where there are none. With every vector its own centroid, it is the distance to the nearest of another group.

    Args:
        vectors: (N, d) float32, those that were clustered.
        centroids: (K, d) float32.
        group: (N,) which vectors are left out together.

    Returns:
        (n,) distances by group; without the groups that alone have members.
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
