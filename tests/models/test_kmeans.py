"""Clusters as a model: against another library and brute force, its scale, its limits, and threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans as Reference

from oddframe.errors import SettingsError, StoreError
from oddframe.models.base import ModelState
from oddframe.models.kmeans import KMeans, find_centroids, left_out_distances
from oddframe.models.knn import KNN
from oddframe.models.source import MemorySource
from oddframe.testing.models import ODD, scored
from oddframe.testing.sources import FLOW_AND_SHAPE, pieces, synthetic_source, synthetic_video
from oddframe.types import FloatArray

INFO, QUERIES = synthetic_video(FLOW_AND_SHAPE, "scored", seed=9, odd=ODD)


def around(centres: npt.NDArray[np.float64], each: int, seed: int) -> FloatArray:
    """`each` vectors close around every centre, one centre after the other."""
    noise = 0.1 * np.random.default_rng(seed).standard_normal((len(centres) * each, centres.shape[1]))
    return (np.repeat(centres, each, axis=0) + noise).astype(np.float32)


def spread(vectors: FloatArray, centroids: FloatArray) -> float:
    """Sum of squared distances to the nearest centroid."""
    apart = ((vectors[:, None].astype(np.float64) - centroids) ** 2).sum(axis=2)
    return float(apart.min(axis=1).sum())


def test_clusters_are_as_tight_as_another_librarys() -> None:
    vectors = np.random.default_rng(0).standard_normal((600, 5)).astype(np.float32)
    found, made = find_centroids(vectors, 12, 300, seed=0)
    reference = Reference(12, init="random", n_init=1, random_state=0).fit(vectors)
    assert spread(vectors, found) < 1.05 * reference.inertia_
    assert found.shape == (12, 5)
    assert np.array_equal(find_centroids(vectors, 12, made, seed=0)[0], found)
    faiss = pytest.importorskip("faiss")
    assert 1 < made < (300 if hasattr(faiss.ClusteringParameters(), "early_stop_threshold") else 301)


def test_each_centroid_is_the_mean_of_its_members() -> None:
    vectors = around(np.array([[0.0, 0], [9, 0], [0, 9]]), 20, seed=1)
    found, _ = find_centroids(vectors, 3, 300, seed=2)
    cluster = ((vectors[:, None] - found) ** 2).sum(2).argmin(1)
    for number in range(3):
        np.testing.assert_allclose(found[number], vectors[cluster == number].mean(0), rtol=1e-4, atol=1e-5)


def test_iterations_end_where_the_setting_says() -> None:
    vectors = np.random.default_rng(0).standard_normal((3000, 8)).astype(np.float32)
    assert find_centroids(vectors, 50, 2, seed=0)[1] == 2


def test_the_draw_of_first_centroids_is_seeded() -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
    first, again, other = (find_centroids(vectors, 40, 20, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_observation_is_clustered() -> None:
    """faiss would leave some out by itself where there are many to a cluster."""
    vectors = np.random.default_rng(0).standard_normal((2000, 3)).astype(np.float32)
    np.testing.assert_allclose(find_centroids(vectors, 1, 300, seed=0)[0][0], vectors.mean(0), atol=1e-5)


def test_threads_change_no_bit() -> None:
    faiss = pytest.importorskip("faiss")
    vectors, before = (
        np.random.default_rng(0).standard_normal((3000, 37)).astype(np.float32),
        faiss.omp_get_max_threads(),
    )
    found = []
    try:
        for threads in (1, 2, 5):
            faiss.omp_set_num_threads(threads)
            found.append(find_centroids(vectors, 200, 10, seed=0)[0].tobytes())
    finally:
        faiss.omp_set_num_threads(before)
    assert len(set(found)) == 1


def test_clustering_asks_for_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes the number of threads irrelevant, whatever the arithmetic library does with several."""
    faiss = pytest.importorskip("faiss")
    seen = []
    plain = faiss.Kmeans.train

    def train(kmeans: Any, vectors: FloatArray) -> Any:
        seen.append(faiss.omp_get_max_threads())
        return plain(kmeans, vectors)

    monkeypatch.setattr(faiss.Kmeans, "train", train)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        find_centroids(np.eye(9, dtype=np.float32), 2, 5, seed=0)
        assert (seen, faiss.omp_get_max_threads()) == ([1], 3)
    finally:
        faiss.omp_set_num_threads(before)


# The scale.


def brute_left_out(vectors: FloatArray, centroids: FloatArray, group: list[int]) -> list[float]:
    """By the definition, group by group, with means taken anew."""
    cluster = ((vectors[:, None] - centroids) ** 2).sum(2).argmin(1)
    found = []
    for number in np.unique(group):
        others = np.asarray(group) != number
        means = [vectors[others & (cluster == c)].mean(0) for c in np.unique(cluster[others])]
        found += [min(float(np.linalg.norm(v - m)) for m in means) for v in vectors[~others]] if means else []
    return found


@settings(max_examples=25)
@given(seed=st.integers(0, 99), groups=st.integers(1, 4), clusters=st.integers(1, 8))
def test_left_out_distances_are_those_of_the_definition(seed: int, groups: int, clusters: int) -> None:
    random = np.random.default_rng(seed)
    vectors, group = random.standard_normal((30, 3)).astype(np.float32), random.integers(groups, size=30)
    centroids, _ = find_centroids(vectors, clusters, 20, seed)
    found = left_out_distances(vectors, centroids, group)
    np.testing.assert_allclose(found, brute_left_out(vectors, centroids, group.tolist()), rtol=1e-4, atol=1e-5)


def test_with_a_cluster_for_each_observation_it_is_knn() -> None:
    """Distances, scale and scores: the two ends of one scale of models meet."""
    data = synthetic_source(videos=3)
    clusters, neighbours = KMeans(clusters=1000).train(data), KNN(k=1).train(data).absorb(data)
    found, expected = (scored(model, INFO, [QUERIES]) for model in (clusters, neighbours))
    np.testing.assert_allclose(found.score, expected.score, rtol=1e-5)


@pytest.mark.parametrize("clusters", [4, 30, 1024])
def test_a_part_of_one_is_the_edge_of_the_normal(clusters: int) -> None:
    """However many clusters there are: of new normal rows, few are beyond 1, and odd rows are far beyond."""
    model = KMeans(clusters=clusters).train(synthetic_source(videos=8))
    news = [synthetic_video(FLOW_AND_SHAPE, f"new{n}", seed=500 + n) for n in range(8)]
    normal = np.concatenate([scored(model, info, [rows]).parts["distance"] for info, rows in news])
    assert 0.005 < (normal > 1).mean() < 0.2
    odd = scored(model, INFO, [QUERIES]).parts["distance"][np.isin(QUERIES.frame, ODD) & (QUERIES.track == 0)]
    assert np.median(odd) > 2


def test_a_single_video_is_compared_with_its_own_other_stretches() -> None:
    """The later part of the same video is about as far as the scale says, not infinitely far."""
    info, rows = synthetic_video(FLOW_AND_SHAPE, "only", seed=0, frames=400)
    model = KMeans().train(MemorySource(FLOW_AND_SHAPE, [(info, rows.select(slice(0, 600)))]))
    later = scored(model, info, [rows.select(slice(600, 800))]).parts["distance"]
    assert 0.3 < np.median(later) < 1
    assert (later > 1).mean() < 0.2


def test_a_single_observation_has_no_scale_but_one() -> None:
    info, rows = synthetic_video(FLOW_AND_SHAPE, "only", seed=0)
    model = KMeans().train(MemorySource(FLOW_AND_SHAPE, [(info, rows.select(slice(0, 1)))]))
    assert model.state().tensors["clusters.scale"].item() == 1.0
    assert scored(model, info, [rows]).score[0] == 0


# The model.


def test_the_score_is_the_log_of_the_scaled_distance_to_the_nearest_centroid() -> None:
    data = synthetic_source()
    model = KMeans(clusters=9).train(data)
    tensors = model.state().tensors
    rows = data.take(np.arange(len(data)))
    parts = []
    for name, tensor in sorted(rows.items()):
        x = tensor.double().numpy()
        parts.append((QUERIES.data[name].double().numpy() - x.mean(0)) / (x.std(0) * x.shape[1] ** 0.5))
    centroids, scale = tensors["clusters.centroid"].numpy(), tensors["clusters.scale"].item()
    apart = np.linalg.norm(np.concatenate(parts, axis=1)[:, None] - centroids, axis=2).min(1)
    np.testing.assert_allclose(scored(model, INFO, [QUERIES]).score, np.log1p(apart / scale), rtol=1e-4)


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, len(QUERIES)), max_size=12))
def test_any_cuts_give_the_same_bits(cuts: list[int]) -> None:
    model = KMeans(clusters=20).train(synthetic_source())
    whole = scored(model, INFO, [QUERIES])
    assert np.array_equal(scored(model, INFO, pieces(QUERIES, sorted(cuts))).score, whole.score)


def test_no_more_than_the_sample_is_clustered() -> None:
    state = KMeans(clusters=10, sample=50).train(synthetic_source()).state()
    meta: Any = state.meta["clusters"]
    assert meta["clustered"] == 50
    assert state.tensors["clusters.centroid"].shape == (10, 12)


def test_absorbing_adds_nothing() -> None:
    model = KMeans(clusters=20).train(synthetic_source())
    before = scored(model, INFO, [QUERIES]).score
    taught = MemorySource(FLOW_AND_SHAPE, [(INFO, QUERIES)])
    assert np.array_equal(scored(model.absorb(taught), INFO, [QUERIES]).score, before)


def test_a_state_of_more_clusters_than_the_settings_allow_is_refused() -> None:
    state = KMeans(clusters=20).train(synthetic_source()).state()
    with pytest.raises(StoreError, match="20 clusters"):
        KMeans(clusters=19).restore(state)


@pytest.mark.parametrize("meta", [{"clustered": 3, "iterations": 5}, {"clustered": 240, "iterations": -1}], ids=str)
def test_counts_that_contradict_the_clusters_are_refused(meta: dict[str, Any]) -> None:
    state = KMeans(clusters=20).train(synthetic_source()).state()
    with pytest.raises(StoreError):
        KMeans(clusters=20).restore(ModelState(state.tensors, {**state.meta, "clusters": meta}))


@pytest.mark.parametrize(
    "wrong",
    [{"clusters": 0}, {"iterations": 0}, {"sample": 0}, {"quantile": 1.5}, {"weights": {"flow": -1.0}}],
    ids=str,
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        KMeans(**wrong)
