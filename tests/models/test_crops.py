"""Several crops an observation: each is compared on its own, all are indexed, and the score is their mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from oddframe.errors import SettingsError, SpecError
from oddframe.models.crops import EachCrop, one_crop, over_crops
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH, draw_pairs
from oddframe.models.lsh import LSH
from oddframe.models.source import MemorySource
from oddframe.testing.models import Factory, check_model, scored
from oddframe.testing.sources import synthetic_source, synthetic_video
from oddframe.types import Field, FloatArray, Observations, Spec

ONE = Spec({"feature": Field((6,))})
CROPS = Spec({"feature": Field((3, 6), crops=True)})


@pytest.mark.parametrize("model", [KMeans, KNN, LSH, lambda: LLSH(positive_crops=(0.1, 0.4, 0.4))])
def test_models_conform_with_crops(model: Factory) -> None:
    check_model(model, CROPS)


def apart(observations: Observations, crop: int) -> Observations:
    """One crop of each observation, as an observation of its own."""
    return replace(observations, data={"feature": observations.data["feature"][:, crop]})


def test_a_score_is_the_mean_over_crops_all_of_which_are_indexed() -> None:
    videos = [synthetic_video(CROPS, f"v{n}", seed=n) for n in range(3)]
    single = [
        (replace(i, id=f"{i.id}-{c}"), replace(apart(o, c), video=f"{i.id}-{c}")) for i, o in videos for c in range(3)
    ]
    settings = {"standardise": False, "lift": 0.0, "probe": 0, "bits": 4}
    together, alone = LSH(**settings), LSH(**settings)  # type: ignore[arg-type]
    together.train(MemorySource(CROPS, videos)).absorb(MemorySource(CROPS, videos))
    alone.train(MemorySource(ONE, single)).absorb(MemorySource(ONE, single))
    info, queries = synthetic_video(CROPS, "scored", seed=9, odd=range(10, 20))
    found = scored(together, info, [queries])
    expected = [scored(alone, info, [apart(queries, crop)]) for crop in range(3)]
    np.testing.assert_allclose(found.score, np.mean([e.score for e in expected], axis=0), rtol=1e-5)
    for name, part in found.parts.items():
        np.testing.assert_allclose(part, np.mean([e.parts[name] for e in expected], axis=0), rtol=1e-5)
    assert len(found.score) == len(queries)


def test_a_source_of_crops_keeps_their_order() -> None:
    source = EachCrop(synthetic_source(CROPS))
    plain = synthetic_source(CROPS)
    info = plain.videos()[1]
    held = plain.take(np.array(plain.rows(info.id)))["feature"]
    found = torch.cat([chunk.data["feature"] for chunk in source.chunks(info.id, 7)])
    assert source.spec == ONE
    assert len(source) == 3 * len(plain)
    assert torch.equal(found, held.flatten(0, 1))
    assert source.columns(info.id).frame.tolist() == np.repeat(plain.columns(info.id).frame, 3).tolist()
    some = np.array([7, 0, 7, 4])
    assert torch.equal(source.take(some)["feature"], plain.take(np.arange(3))["feature"].flatten(0, 1)[some])


def test_crops_are_told_in_the_spec() -> None:
    assert one_crop(CROPS) == (3, ONE)
    assert one_crop(ONE) == (1, ONE)
    assert Spec.from_json(CROPS.to_json()) == CROPS != Spec({"feature": Field((3, 6))})
    for odd in (Field((6,)), Field((2, 6), crops=True)):
        with pytest.raises(SpecError, match="disagree about crops"):
            one_crop(Spec({"feature": Field((3, 6), crops=True), "other": odd}))


@pytest.mark.parametrize("tracked", [True, False])
def test_a_positive_s_crop_has_its_chance(tracked: bool) -> None:
    """The anchor's crop is uniform; the positive's chances are .1 .4 .4, which sum to .9; its frame is its own draw."""
    _, video = synthetic_video(CROPS, "v", seed=0, frames=200, tracks=1)
    columns = video.columns().select(np.repeat(np.arange(200), 3))
    columns = columns if tracked else replace(columns, track=None)
    anchors, positives = draw_pairs([columns], 9000, 20, np.random.default_rng(0), (0.1, 0.4, 0.4))
    for rows, shares in ((anchors, (1 / 3, 1 / 3, 1 / 3)), (positives, (1 / 9, 4 / 9, 4 / 9))):
        np.testing.assert_allclose(np.bincount(rows % 3) / 9000, shares, atol=0.02)
    inside = (anchors // 3 >= 20) & (anchors // 3 < 180)
    spread = np.bincount((positives // 3 - anchors // 3)[inside] + 20, minlength=41)
    assert (spread[20] == 0) == tracked  # a tracked thing's positive is another moment
    assert np.delete(spread, 20).min() > 0.6 * spread.sum() / 41


def test_chances_fit_the_crops() -> None:
    model = LLSH(positive_crops=(0.1, 0.4, 0.4), epochs=2)
    model.check(CROPS)
    model.train(synthetic_source(CROPS))
    with pytest.raises(SpecError, match="3 chances, but observations 1 crops"):
        model.check(ONE)
    for wrong in ((), (-1.0, 2.0), (0.0, 0.0)):
        with pytest.raises(SettingsError, match="positive_crops"):
            LLSH(positive_crops=wrong)


def test_the_positive_s_crop_matters_to_training() -> None:
    data = synthetic_source(CROPS)
    chances = [None, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 7.0)]
    settled = [LLSH(positive_crops=given, epochs=3).train(data).state().tensors["net.weight"] for given in chances]
    assert not any(torch.equal(settled[a], settled[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert torch.equal(settled[2], settled[3])


def test_crops_are_numbered_on_through_a_video() -> None:
    """A row's number fixes its place in a batch, so crops count too."""
    asked: list[tuple[int, int]] = []

    def score(observations: Observations, start: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        asked.append((start, len(observations)))
        return np.zeros(len(observations), np.float32), {}

    video = synthetic_video(CROPS, "v", seed=0)[1]
    over_crops(score, ONE)(video.select(slice(0, 5)), 0)
    over_crops(score, ONE)(video.select(slice(5, 7)), 5)
    assert asked == [(0, 15), (15, 6)]
