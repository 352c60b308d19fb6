"""Nearest neighbours as a model: against brute force, its normal scale, and its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import NotFitted, SettingsError
from oddframe.models.knn import KNN
from oddframe.models.normal_scale import LEAST, normal_scale
from oddframe.models.source import MemorySource
from oddframe.testing.models import ODD, scored
from oddframe.testing.sources import FLOW_AND_SHAPE, pieces, synthetic_source, synthetic_video

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


@settings(max_examples=15)
@given(k=st.integers(1, 5), seed=st.integers(0, 99), flow=st.floats(0.1, 3), quantile=st.floats(0.5, 1))
def test_scores_are_those_of_brute_force(k: int, seed: int, flow: float, quantile: float) -> None:
    data = synthetic_source(seed=seed, videos=2)
    model = KNN(k=k, per_entry=True, weights={"flow": flow}, quantile=quantile).train(data).absorb(data)
    found = scored(model, INFO, pieces(QUERIES, [7]))
    parts = brute(data, k, quantile)
    np.testing.assert_allclose(found.parts["flow"], parts["flow"], rtol=1e-4)
    np.testing.assert_allclose(found.parts["shape"], parts["shape"], rtol=1e-4)
    np.testing.assert_allclose(found.score, np.log1p(flow * parts["flow"] + parts["shape"]), rtol=1e-4)


def test_one_search_is_over_all_entries_together() -> None:
    data = synthetic_source(videos=2)
    found = scored(KNN().train(data).absorb(data), INFO, [QUERIES])
    apart = brute(data, 1, 0.95)
    assert list(found.parts) == ["distance"]
    np.testing.assert_allclose(found.score, np.log1p(found.parts["distance"]), rtol=1e-6)
    scale = KNN().train(data).state().tensors["scale.value"].item()
    scales = KNN(per_entry=True).train(data).state().tensors["scale.value"].tolist()
    # The nearest in all entries at once is never nearer than each entry's own nearest.
    for part, own in zip(apart.values(), scales, strict=True):
        assert (found.parts["distance"] * scale >= part * own * (1 - 1e-4)).all()


@settings(max_examples=10)
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
    data = synthetic_source()
    found = scored(KNN(per_entry=True, weights={"flow": 0.0}).train(data).absorb(data), INFO, [QUERIES])
    assert list(found.parts) == ["shape"]
    assert np.array_equal(np.log1p(found.parts["shape"]), found.score)


def test_the_scale_is_of_training_whatever_is_absorbed_later() -> None:
    data, later = synthetic_source(), synthetic_source(seed=70)
    model = KNN().train(data).absorb(data)
    before = model.state().tensors["scale.value"]
    assert torch.equal(model.absorb(later).state().tensors["scale.value"], before)


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
    arguments = {"k": 1, "sample": 100, "gap": 1.0, "quantile": 1.0, "seed": 0, **given}
    column = np.array(vectors, np.float32)[:, None]
    return normal_scale(column, np.array(video), np.array(time), **arguments)


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


@pytest.mark.parametrize(
    "wrong", [{"k": 0}, {"quantile": 0.0}, {"fusion": "mean"}, {"coreset": 0}, {"weights": {"flow": -1.0}}], ids=str
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        KNN(**wrong)
