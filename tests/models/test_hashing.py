"""The hash network, its pairs, and how well hashing tells near from far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oddframe.errors import DataError, FitError, SettingsError
from oddframe.index.hash_tables import SUMMARIES
from oddframe.models import lsh
from oddframe.models.base import Model
from oddframe.models.llsh import LLSH, draw_pairs
from oddframe.models.lsh import LSH, HashNet
from oddframe.models.source import MemorySource
from oddframe.testing.models import ODD, scored
from oddframe.testing.sources import FLOW_AND_SHAPE, pieces, synthetic_source, synthetic_video
from oddframe.types import Field, FloatArray, Observations, Spec, VideoInfo

INFO, QUERIES = synthetic_video(FLOW_AND_SHAPE, "scored", seed=9, odd=ODD)


def test_the_network_is_the_papers() -> None:
    """Layer normalisation without parameters, b separate layers without bias, sigmoid; Xavier-uniform per layer."""
    net = HashNet(size=30, tables=3, bits=5, lift=0.0, seed=0)
    x = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    normal = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    expected = torch.cat([1 / (1 + torch.exp(-normal @ w.T)) for w in net.weight.detach().reshape(3, 5, 30)], dim=1)
    torch.testing.assert_close(net(x).detach(), expected)
    bound = (6 / (30 + 5)) ** 0.5
    assert float(net.weight.detach().abs().max()) <= bound
    assert float(net.weight.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.1)


def test_a_lift_lets_codes_see_lengths() -> None:
    x = torch.randn(1, 12, generator=torch.Generator().manual_seed(1))
    both = torch.cat([x, 10 * x])
    plain, lifted = (HashNet(12, 2, 16, lift, seed=0)(both).detach() for lift in (0.0, 3.0))
    assert float((plain[0] - plain[1]).norm()) < 1e-3
    assert float((lifted[0] - lifted[1]).norm()) > 0.3


@settings(max_examples=30)
@given(offset=st.integers(1, 60), seed=st.integers(0, 99), tracked=st.booleans())
def test_pairs_belong_together(offset: int, seed: int, tracked: bool) -> None:
    videos = [synthetic_video(FLOW_AND_SHAPE, f"v{n}", seed=n, tracks=3)[1].columns() for n in range(3)]
    if not tracked:
        videos = [Observations(v.video, v.frame, v.span, v.ready, v.box, through=v.through) for v in videos]
    videos.insert(1, Observations.none("empty"))
    owner = np.repeat(np.arange(4), [len(v) for v in videos])
    frame = np.concatenate([v.frame for v in videos])
    anchors, positives = draw_pairs(videos, 20, offset, np.random.default_rng(seed))
    assert np.bincount(owner[anchors], minlength=4).tolist() == [20, 0, 20, 20]
    assert np.array_equal(owner[anchors], owner[positives])
    assert (abs(frame[anchors] - frame[positives]) <= offset).all()
    if tracked:
        track = np.concatenate([v.track for v in videos if v.track is not None])
        assert np.array_equal(track[anchors], track[positives])
        assert (anchors != positives).all()


def test_offsets_are_spread_over_the_whole_reach() -> None:
    _, video = synthetic_video(FLOW_AND_SHAPE, "long", seed=0, frames=1000, tracks=1)
    anchors, positives = draw_pairs([video.columns()], 4000, 50, np.random.default_rng(0))
    shifts = (positives - anchors)[(anchors > 60) & (anchors < 940)]
    assert shifts.min() == -50
    assert shifts.max() == 50
    assert abs(shifts.mean()) < 2


def test_training_moves_the_functions_and_random_ones_stay() -> None:
    data = synthetic_source()
    llsh, lsh = LLSH().train(data).absorb(data), LSH().train(data).absorb(data)
    learned, random = (model.state().tensors["net.weight"] for model in (llsh, lsh))
    assert torch.equal(random, HashNet(12, 8, 32, lift=1.0, seed=0).weight.detach())
    assert not torch.equal(learned, random)
    assert (
        float((learned - random).norm() / random.norm()) < 0.5
    )  # the paper's schedule is short: it adapts, not replaces


def test_diverging_training_is_an_error() -> None:
    spec = Spec({"x": Field((2,))})
    info, observations = synthetic_video(spec, "gate", seed=0)
    with pytest.raises(FitError, match="step"):
        LLSH(learning_rate=3e38, draws=10).train(MemorySource(spec, [(info, observations)]))


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, len(QUERIES)), max_size=12), summary=st.sampled_from(SUMMARIES))
def test_any_cuts_give_the_same_bits(cuts: list[int], summary: str) -> None:
    data = synthetic_source()
    model = LSH(summary=summary).train(data).absorb(data)
    whole = scored(model, INFO, [QUERIES])
    assert np.array_equal(scored(model, INFO, pieces(QUERIES, sorted(cuts))).score, whole.score)


def test_rounding_by_place_in_a_batch_cannot_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that rounds each row by its place still gives a row the same code, absorbed or scored, however cut."""
    plain = HashNet.forward

    def by_place(net: HashNet, vectors: Tensor) -> Tensor:
        return plain(net, vectors) + 1e-3 * torch.arange(len(vectors))[:, None]

    monkeypatch.setattr(HashNet, "forward", by_place)
    data = synthetic_source()
    model = LSH().train(data).absorb(data)
    monkeypatch.setattr(lsh, "chunk_rows", lambda spec: 37)
    codes = (m.state().tensors["index.codes"] for m in (model, LSH().train(data).absorb(data)))
    assert torch.equal(*codes)
    whole = scored(model, INFO, [QUERIES]).score
    assert np.array_equal(scored(model, INFO, pieces(QUERIES, [1, 2, 30])).score, whole)


def test_the_score_is_the_least_over_the_tables_and_within_its_bounds() -> None:
    data = synthetic_source()
    found = scored(LSH(tables=5, bits=9, probe=0).train(data).absorb(data), INFO, [QUERIES])
    assert list(found.parts) == [f"table{n}" for n in range(5)]
    assert np.array_equal(np.stack(list(found.parts.values())).min(0), found.score)
    assert found.score.min() >= 0
    assert found.score.max() <= 3.0  # the root of nine bits


def test_absorbing_lowers_what_was_odd_and_forgetting_brings_it_back() -> None:
    data, taught = synthetic_source(), MemorySource(FLOW_AND_SHAPE, [(INFO, QUERIES)])
    model = LSH(bits=48).train(data).absorb(data)
    before, odd = scored(model, INFO, [QUERIES]).score, (QUERIES.track == 0) & np.isin(QUERIES.frame, ODD)
    after = scored(model.absorb(taught), INFO, [QUERIES]).score
    assert after[odd].mean() < 0.5 * before[odd].mean()
    assert np.array_equal(scored(model.forget(INFO.id), INFO, [QUERIES]).score, before)


def test_moments_score_at_least_what_all_codes_do() -> None:
    """The root of a mean square is never under the mean; where they differ tells how spread out a bucket is."""
    data = synthetic_source()
    every, moments = (
        scored(LSH(bits=9, summary=summary).train(data).absorb(data), INFO, [QUERIES]) for summary in ("all", "moments")
    )
    for name, part in every.parts.items():
        assert (moments.parts[name] >= part - 1e-6).all()
    assert (moments.score > every.score + 1e-4).any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_names_its_video_and_frame(value: float) -> None:
    data = synthetic_source()
    model = LSH().train(data).absorb(data)
    flow = QUERIES.data["flow"].clone()
    flow[40] = value
    damaged = replace(QUERIES, data={**QUERIES.data, "flow": flow})
    expected = f"{INFO.id}: flow of frame {QUERIES.frame[40]} is not finite"
    with pytest.raises(DataError, match=expected):
        scored(model, INFO, [damaged])
    with pytest.raises(DataError, match=expected):
        model.absorb(MemorySource(FLOW_AND_SHAPE, [(INFO, damaged)]))


# Clusters: sane AUROC, graded scores, and what the lift is for.


def clusters(size: int, seed: int, kind: str) -> tuple[MemorySource, VideoInfo, Observations, FloatArray]:
    """Normal data around five centres ("clusters") or one ("blob"), and a video half of which is spread wider."""
    random = np.random.default_rng(seed)
    centres = (3.0 if kind == "clusters" else 0.0) * random.standard_normal((5, size))
    spec = Spec({"x": Field((size,))})

    def video(name: str, count: int, odd: int = 0) -> tuple[VideoInfo, Observations]:
        info, columns = synthetic_video(spec, name, seed=0, frames=count + odd, tracks=1)
        rows = centres[random.integers(5, size=count)] + random.standard_normal((count, size))
        spread = (3.2 if kind == "clusters" else 2.0) * random.standard_normal((odd, size))
        data = {"x": torch.from_numpy(np.concatenate([rows, spread])).float()}
        return info, Observations(
            name, columns.frame, columns.span, columns.ready, columns.box, data, through=columns.through
        )

    info, observations = video("test", 200, 200)
    return MemorySource(spec, [video(f"n{n}", 300) for n in range(4)]), info, observations, np.repeat([0, 1], 200)


def auroc(model: Model, size: int, seed: int, kind: str) -> float:
    data, info, observations, odd = clusters(size, seed, kind)
    score = scored(model.train(data).absorb(data), info, [observations]).score
    low, high = score[odd == 0], score[odd == 1]
    return float((low[:, None] < high).mean() + (low[:, None] == high).mean() / 2)


@pytest.mark.parametrize("size", [12, 40, 150])
@pytest.mark.parametrize("kind", ["clusters", "blob"])
def test_hashing_tells_normal_from_odd(size: int, kind: str) -> None:
    assert auroc(LSH(), size, 0, kind) > 0.85
    assert auroc(LLSH(), size, 0, kind) > 0.85


def test_learning_does_no_harm() -> None:
    """The paper's schedule barely moves the functions of so little data: over seeds it must not lose."""
    gain = [auroc(LLSH(seed=s), 12, s, "blob") - auroc(LSH(seed=s), 12, s, "blob") for s in range(4)]
    assert np.mean(gain) > -0.005


def test_without_the_lift_twice_the_spread_goes_unseen() -> None:
    """Why the default is not the paper's: around the mean, directions alone say nothing."""
    assert auroc(LSH(lift=0.0), 40, 0, "blob") < 0.65


def test_scores_of_far_observations_are_graded() -> None:
    data, info, observations, odd = clusters(40, 1, "clusters")
    score = scored(LSH().train(data).absorb(data), info, [observations]).score
    assert (score == np.float32(32**0.5)).mean() < 0.02
    assert len(np.unique(score[odd == 1])) > 190


@pytest.mark.parametrize(
    "wrong",
    [{"bits": 64}, {"lift": -1.0}, {"summary": "max"}, {"epochs": 0}, {"temperature": 0.0}, {"key_momentum": 1.5}],
    ids=str,
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        LLSH(**wrong)
