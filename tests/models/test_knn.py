"""Nearest neighbours as a model: against brute force, its normal scale, and its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import NotFitted, SettingsError
from oddframe.models.knn import KNN
from oddframe.models.normal_scale import LEAST, STEEPEST, normal_distances, normal_scale, normal_tail
from oddframe.models.source import MemorySource
from oddframe.testing.models import ODD, scored
from oddframe.testing.sources import FLOW_AND_SHAPE, FLOW_BESIDE_SHAPE, pieces, synthetic_source, synthetic_video
from oddframe.types import Field, Observations, Spec, VideoInfo

Vectors = npt.NDArray[np.float64]
INFO, QUERIES = synthetic_video(FLOW_AND_SHAPE, "scored", seed=9, odd=ODD)


def brute(data: MemorySource, k: int, quantile: float) -> dict[str, Vectors]:
    """Each entry's scaled distances of `QUERIES`, by the definition, in float64."""
    owner = np.repeat(np.arange(len(data.videos())), [len(data.columns(v.id)) for v in data.videos()])
    parts = {}
    for name, tensor in data.take(np.arange(len(data))).items():
        x, y = tensor.double().numpy(), QUERIES.data[name].double().numpy()
        mean, unit = x.mean(0), x.std(0) * x.shape[1] ** 0.5
        x, y = (x - mean) / unit, (y - mean) / unit
        among = np.linalg.norm(x[:, None] - x, axis=2)
        among[owner[:, None] == owner] = np.inf
        scale = np.quantile(np.sort(among, 1)[:, :k].mean(1), quantile)
        parts[name] = np.sort(np.linalg.norm(y[:, None] - x, axis=2), 1)[:, :k].mean(1) / scale
    return parts


@settings(max_examples=15, deadline=None)
@given(k=st.integers(1, 5), seed=st.integers(0, 99), quantile=st.floats(0.5, 1))
def test_scores_are_those_of_brute_force(k: int, seed: int, quantile: float) -> None:
    data = synthetic_source(FLOW_BESIDE_SHAPE, seed=seed, videos=2)
    model = KNN(k=k, quantile=quantile).train(data).absorb(data)
    found = scored(model, INFO, pieces(QUERIES, [7]))
    parts, tails = brute(data, k, quantile), model.state().tensors["normal.tail"].tolist()
    np.testing.assert_allclose(found.parts["flow"], parts["flow"], rtol=1e-4)
    np.testing.assert_allclose(found.parts["shape"], parts["shape"], rtol=1e-4)
    expected = np.log1p(found.parts["flow"].astype(float) ** tails[0])
    expected += np.log1p(found.parts["shape"].astype(float) ** tails[1])
    np.testing.assert_allclose(found.score, expected, rtol=1e-5)


def test_one_search_is_over_all_entries_together() -> None:
    data, apart = synthetic_source(videos=2), synthetic_source(FLOW_BESIDE_SHAPE, videos=2)
    found = scored(KNN().train(data).absorb(data), INFO, [QUERIES])
    each = brute(data, 1, 0.95)
    assert list(found.parts) == ["distance"]
    np.testing.assert_allclose(found.score, np.log1p(found.parts["distance"]), rtol=1e-6)
    scale = KNN().train(data).state().tensors["normal.scale"].item()
    scales = KNN().train(apart).state().tensors["normal.scale"].tolist()
    # The nearest in all entries at once is never nearer than each entry's own nearest.
    for part, own in zip(each.values(), scales, strict=True):
        assert (found.parts["distance"] * scale >= part * own * (1 - 1e-4)).all()
    together = scored(KNN(grouped=False).train(apart).absorb(apart), INFO, [QUERIES])
    assert np.array_equal(together.score, found.score), "groups are only kept apart where that is wanted"


def test_a_slightly_long_distance_counts_where_long_ones_are_rare() -> None:
    """Distances of 40 random values are all alike: a quarter more is unheard of. Those of one value are not."""
    spec = Spec({"many": Field((40,), group="many"), "one": Field((1,), group="one")})
    random = np.random.default_rng(0)

    def video(name: str, many: float, one: float) -> tuple[VideoInfo, Observations]:
        info, told = synthetic_video(spec, name, seed=0, frames=200, tracks=1)
        data = {"many": random.normal(scale=many, size=(200, 40)), "one": random.normal(scale=one, size=(200, 1))}
        return info, replace(told, data={key: torch.from_numpy(rows).float() for key, rows in data.items()})

    source = MemorySource(spec, [video(f"v{n}", 1, 1) for n in range(4)])
    model = KNN().train(source).absorb(source)
    plain, many, one = (
        np.median(scored(model, info, [told]).score)
        for info, told in (video("q", 1, 1), video("q", 1.4, 1), video("q", 1, 1.4))
    )
    assert many - plain > 1.5
    assert abs(one - plain) < 0.5
    tails = model.state().tensors["normal.tail"].tolist()
    assert tails[0] > 3 * tails[1]


@settings(max_examples=20, deadline=None)
@given(score=st.floats(1e-3, 200))
def test_the_distance_at_a_score_has_that_score(score: float) -> None:
    data = synthetic_source(FLOW_BESIDE_SHAPE)
    model = KNN().train(data).absorb(data)
    tails = model.state().tensors["normal.tail"].numpy()
    assert np.logaddexp(0, tails * np.log(max(model.distance_at(score), 1e-300))).sum() == pytest.approx(
        score, abs=1e-6
    )
    assert model.distance_at(0.0) == 0
    assert 1e60 < model.distance_at(5000.0) < np.inf
    alone = KNN(grouped=False).train(data).absorb(data)
    assert alone.distance_at(score) == pytest.approx(np.expm1(score), rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, len(QUERIES)), max_size=12))
def test_any_cuts_give_the_same_bits(cuts: list[int]) -> None:
    data = synthetic_source()
    model = KNN(k=2).train(data).absorb(data)
    whole = scored(model, INFO, [QUERIES])
    assert np.array_equal(scored(model, INFO, pieces(QUERIES, sorted(cuts))).score, whole.score)


def test_normal_videos_stay_near_one_and_odd_rows_far_above() -> None:
    data = synthetic_source(videos=4)
    model = KNN().train(data).absorb(data)
    info, normal = synthetic_video(FLOW_AND_SHAPE, "new", seed=500)
    assert np.median(scored(model, info, [normal]).parts["distance"]) < 1.5
    found = scored(model, INFO, [QUERIES])
    assert found.parts["distance"][QUERIES.frame == 30].max() > 5


def test_dropped_entries_are_not_among_the_parts() -> None:
    data = synthetic_source(FLOW_BESIDE_SHAPE)
    found = scored(KNN(weights={"flow": 0.0}).train(data).absorb(data), INFO, [QUERIES])
    assert list(found.parts) == ["shape"]
    np.testing.assert_allclose(found.score, np.log1p(found.parts["shape"]), rtol=1e-6)


def test_the_scale_is_of_training_whatever_is_absorbed_later() -> None:
    data, later = synthetic_source(), synthetic_source(seed=70)
    model = KNN().train(data).absorb(data)
    before = model.state().tensors["normal.scale"]
    assert torch.equal(model.absorb(later).state().tensors["normal.scale"], before)


def test_absorbing_lowers_what_was_odd_and_forgetting_brings_it_back() -> None:
    data, taught = synthetic_source(), MemorySource(FLOW_AND_SHAPE, [(INFO, QUERIES)])
    model = KNN().train(data).absorb(data)
    before = scored(model, INFO, [QUERIES]).score
    assert (scored(model.absorb(taught), INFO, [QUERIES]).score == 0).all()
    assert np.array_equal(scored(model.forget(INFO.id), INFO, [QUERIES]).score, before)


def test_without_anything_absorbed_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(NotFitted):
        KNN().train(synthetic_source()).open(INFO)


def scale(vectors: list[float], video: list[int], time: list[float], **given: Any) -> float:
    arguments = {"k": 1, "sample": 100, "gap": 1.0, "seed": 0, **given}
    quantile, column = arguments.pop("quantile", 1.0), np.array(vectors, np.float32)[:, None]
    return normal_scale(normal_distances(column, np.array(video), np.array(time), **arguments), quantile)


def test_the_scale_looks_at_other_videos_alone() -> None:
    vectors, video, time = [0, 0.1, 5, 5.2], [0, 0, 1, 1], [0.0, 1.0, 0.0, 1.0]
    assert scale(vectors, video, time) == pytest.approx(5.1)  # from 5.2 to 0.1
    assert scale(vectors, video, time, k=2) == pytest.approx(5.15)  # from 5.2 to 0 and 0.1


def test_in_one_video_the_scale_looks_beyond_the_gap() -> None:
    assert scale([0, 1, 4, 9], [0] * 4, [0, 0.5, 1.0, 1.5]) == pytest.approx(8.0)
    assert scale([0, 1, 4, 9], [0] * 4, [0, 0.5, 1.0, 1.5], gap=0.5) == pytest.approx(5.0)


def test_a_short_video_falls_back_to_all_but_the_observation_itself() -> None:
    assert scale([0, 1, 4], [0] * 3, [0, 0.1, 0.2]) == pytest.approx(3.0)
    assert scale([7], [0], [0]) == 1.0
    assert scale([2, 2, 2], [0, 1, 2], [0, 0, 0]) == LEAST


def test_a_sample_is_seeded() -> None:
    random = np.random.default_rng(0)
    vectors, video, time = random.normal(size=200).tolist(), random.integers(3, size=200).tolist(), [0.0] * 200
    first = scale(vectors, video, time, sample=20, quantile=0.9)
    assert first == scale(vectors, video, time, sample=20, quantile=0.9)
    assert first != scale(vectors, video, time, sample=20, quantile=0.9, seed=1)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"quantile": 0.0}, {"coreset": 0}, {"weights": {"flow": -1.0}}], ids=str)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        KNN(**wrong)


def test_the_tail_tells_how_fast_distances_get_rare() -> None:
    random = np.random.default_rng(0)
    for tail in (1.5, 4.0, 9.0):
        assert normal_tail(1 + random.pareto(tail, 20_000), 1.0) == pytest.approx(tail, rel=0.05)
    assert normal_tail(np.array([0.5, 1.0]), 1.0) == 1.0, "nothing lies beyond"
    assert normal_tail(np.array([1.0, 1.001]), 1.0) == STEEPEST
    assert normal_tail(np.array([1.0, 1e9]), 1.0) == 1.0
