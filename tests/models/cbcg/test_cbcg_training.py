"""What training on weak labels needs, refuses and learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from oddframe.errors import FitError, SettingsError
from oddframe.metrics import auroc
from oddframe.models.base import ScoringStream
from oddframe.models.cbcg import CBCG
from oddframe.models.source import MemorySource
from oddframe.testing.sources import FLOW_AND_SHAPE, odd_rows, synthetic_source, synthetic_video
from oddframe.types import Observations, Run, VideoInfo

QUICK: Mapping[str, Any] = {"steps": 20, "guided_steps": 20, "learning_rate": 1e-2, "width": 32, "embedding": 8}


def relabelled(labels: Mapping[str, bool], frames: int = 40) -> MemorySource:
    source = synthetic_source(FLOW_AND_SHAPE, frames=frames, odd_videos=3)
    items = [(info, Observations.concatenate(list(source.chunks(info.id)))) for info in source.videos()]
    return MemorySource(FLOW_AND_SHAPE, items, labels)


@pytest.mark.parametrize(("label", "kind"), [(False, "normal"), (True, "abnormal")])
def test_one_kind_of_label_is_not_enough(label: bool, kind: str) -> None:
    names = [info.id for info in synthetic_source(odd_videos=3).videos()]
    with pytest.raises(FitError, match=f"all 6 videos with observations are labelled {kind}"):
        CBCG(**QUICK).train(relabelled(dict.fromkeys(names, label)))


def test_a_video_without_a_label_is_named() -> None:
    with pytest.raises(FitError, match="odd2: has no label"):
        CBCG(**QUICK).train(
            relabelled({"normal0": False, "normal1": False, "normal2": False, "odd0": True, "odd1": True})
        )


def test_videos_shorter_than_k_are_trained_on_and_scored() -> None:
    model = CBCG(k=7, **QUICK).train(synthetic_source(frames=2, odd_videos=3))  # of 4 observations
    info, observations = synthetic_video(FLOW_AND_SHAPE, "short", seed=9, frames=2)
    assert len(model.open(info).push(observations)) == 4


@pytest.mark.parametrize("part", ["cross_batch", "guidance"])
def test_parts_that_stand_on_clusters_need_them(part: str) -> None:
    off = {"clustering": False, "cross_batch": False, "guidance": False, part: True}
    with pytest.raises(SettingsError, match="stand on clusters"):
        CBCG(**off)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"batch": 1},
        {"fade": 1.1},
        {"fusion": -0.1},
        {"low": 0.9, "high": 0.8},
        {"sure": -1},
        {"margin": 2.5},
        {"dropout": 1.0},
        {"learning_rate": 0.0},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        CBCG(**wrong)


def test_a_score_knows_nothing_of_what_comes_later_and_little_of_the_past() -> None:
    """Segments after one, and segments before its look-back, change no bit of its score."""
    model = CBCG(look_back=3, **QUICK).train(synthetic_source(odd_videos=3))
    info, one = synthetic_video(FLOW_AND_SHAPE, "one", seed=9)
    _, other = synthetic_video(FLOW_AND_SHAPE, "one", seed=10)
    whole, mixed = score(model.open(info), one), score(model.open(info), spliced(one, other, 30, 50))
    np.testing.assert_array_equal(mixed[:30], whole[:30])
    np.testing.assert_array_equal(mixed[53:], whole[53:])
    assert (mixed[30:53] != whole[30:53]).any()


def score(stream: ScoringStream, observations: Observations) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(stream.push(observations).score)


def spliced(one: Observations, other: Observations, start: int, end: int) -> Observations:
    """One with rows start .. end - 1 of the other."""
    parts = [one.select(slice(0, start)), other.select(slice(start, end)), one.select(slice(end, None))]
    data = {name: torch.cat([part.data[name] for part in parts]) for name in one.data}
    return Observations(one.video, one.frame, one.span, one.ready, one.box, data, one.track, one.through)


@pytest.mark.parametrize(
    "parts", [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]
)
def test_every_ablation_finds_what_is_odd_within_a_video(parts: tuple[bool, bool, bool]) -> None:
    """From labels of whole videos alone, single odd rows are told from the normal rows beside them."""
    clustering, cross_batch, guidance = parts
    model = CBCG(
        clustering=clustering, cross_batch=cross_batch, guidance=guidance, look_back=0, **{**QUICK, "steps": 120}
    )
    model.train(synthetic_source(videos=6, odd_videos=6))
    info, observations = synthetic_video(FLOW_AND_SHAPE, "new", seed=9, odd=range(25, 35))
    scored = model.open(info).push(observations)
    assert auroc(scored.score, odd_rows(observations, range(25, 35))) > 0.95
    assert set(scored.parts) == ({"mil", "guidance"} if guidance else {"mil"})


def test_memory_and_guidance_take_part_in_training() -> None:
    """Each switch changes the weights, so none of them is a name without a deed."""
    source = synthetic_source(videos=4, odd_videos=4)
    nets = [
        CBCG(cross_batch=cross, guidance=guide, batch=2, **QUICK).train(source).state().tensors["net.branch.weight"]
        for cross, guide in ((False, False), (True, False), (False, True), (True, True))
    ]
    assert all(not torch.equal(a, b) for i, a in enumerate(nets) for b in nets[:i])


def test_history_tells_every_loss_of_both_stages() -> None:
    bags, guided = CBCG(**QUICK).train(synthetic_source(odd_videos=3)).history
    assert set(bags.losses) == {"loss", "mil", "clustering"}
    assert set(guided.losses) == {"loss", "guidance", "clustering"}
    assert bags.losses["mil"][-1] < bags.losses["mil"][0]
    assert len(CBCG(guidance=False, **QUICK).train(synthetic_source(odd_videos=3)).history) == 1


def test_guidance_takes_all_of_normal_bags_for_normal_and_of_odd_ones_what_stands_out() -> None:
    source, made = synthetic_source(FLOW_AND_SHAPE, odd_videos=3), []

    class Noted(CBCG):
        def _learn(self, learner: Any, bags: Any, load: Any, steps: int, run: Run) -> Any:
            made.append((bags, load))
            return super()._learn(learner, bags, load, steps, run)

    Noted(sure=3, segments=512, **QUICK).train(source)
    bags, load = made[1]
    _, there, odd, strange, normal = load(np.arange(len(bags)))
    assert torch.equal(normal[~odd], there[~odd])
    assert not strange[~odd].any()
    assert (strange[odd].sum(1) >= 3).all()
    assert not (strange & normal).any()
    assert (there & ~strange & ~normal)[odd].any(), "what is neither clearly odd nor clearly normal is left open"


def test_videos_of_nothing_take_no_part() -> None:
    source = synthetic_source(odd_videos=3)
    items = [(info, Observations.concatenate(list(source.chunks(info.id)))) for info in source.videos()]
    empty = VideoInfo("empty", 320, 240, items[0][0].fps, 40), Observations.none("empty", FLOW_AND_SHAPE, 40)
    labels = {info.id: bool(source.label(info.id)) for info in source.videos()}
    with_it = CBCG(**QUICK).train(MemorySource(FLOW_AND_SHAPE, [*items, empty], labels))
    assert torch.equal(
        with_it.state().tensors["net.mix.weight"], CBCG(**QUICK).train(source).state().tensors["net.mix.weight"]
    )
