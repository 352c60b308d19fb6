"""Teaching lowers what was taught and raises nothing; taking it back leaves no trace; explanations add up."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from oddframe.errors import NotFitted, SpecError
from oddframe.models.abilities import Teachable, Updatable
from oddframe.models.base import Model, ModelState
from oddframe.models.explaining import Explaining, Explanation
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH
from oddframe.testing.models import fitted, scored
from oddframe.testing.sources import FLOW_AND_SHAPE, odd_rows, synthetic_source, synthetic_video
from oddframe.types import Field, FloatArray, Observations, Spec

ODD = range(25, 35)
CROPS = Spec({"look": Field((3, 8), crops=True)})
MODELS: dict[str, Callable[[], Model]] = {
    "knn": KNN,
    "knn of 3": lambda: KNN(k=3),
    "knn by entry": lambda: KNN(per_entry=True, fusion="max"),
    "kmeans": lambda: KMeans(clusters=8),
    "lsh": lambda: LSH(bits=8),
    "lsh of means": lambda: LSH(bits=8, summary="mean", probe=2),
    "llsh": lambda: LLSH(bits=8, epochs=1),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    return fitted(MODELS[request.param], FLOW_AND_SHAPE)


def moment(spec: Spec = FLOW_AND_SHAPE, *, odd: bool = True) -> tuple[Observations, Observations]:
    """A video, and its odd rows, or as many normal ones."""
    _, video = synthetic_video(spec, "today", seed=9, odd=ODD)
    rows = np.flatnonzero(odd_rows(video, ODD))
    return video, video.select(rows if odd else rows - 20)


def scores(model: Model, observations: Observations) -> FloatArray:
    info, _ = synthetic_video(FLOW_AND_SHAPE, observations.video, seed=0)
    return scored(model, info, [observations]).score


def taught(model: Model, observations: Observations) -> Model:
    assert isinstance(model, Teachable)
    return model.teach(observations)


def unchanged(one: ModelState, other: ModelState) -> bool:
    return (
        one.tensors.keys() == other.tensors.keys()
        and all(np.array_equal(one.tensors[name], tensor) for name, tensor in other.tensors.items())
        and json.dumps(one.meta) == json.dumps(other.meta)
    )


def test_what_was_taught_is_normal_and_nothing_rises(model: Model) -> None:
    video, odd = moment()
    _, other = synthetic_video(FLOW_AND_SHAPE, "other", seed=3)
    before = {name: scores(model, rows) for name, rows in (("video", video), ("odd", odd), ("other", other))}
    normal = scores(model, moment(odd=False)[1])
    assert before["odd"].min() > np.median(normal)
    taught(model, odd)
    # Taught codes are hashed in another company, so their last bits may differ.
    assert scores(model, odd).max() < 1e-4
    assert scores(model, odd).max() <= np.quantile(normal, 0.1)
    for name, rows in (("video", video), ("other", other)):
        assert (scores(model, rows) <= before[name]).all()
    # Other videos show no such thing, so nothing moves there.
    np.testing.assert_array_equal(scores(model, other), before["other"])


def test_the_same_thing_a_moment_later_is_normal_too(model: Model) -> None:
    _, odd = moment()
    before = scores(model, odd)
    taught(model, odd.select(slice(0, None, 2)))
    later = scores(model, odd.select(slice(1, None, 2)))
    assert np.median(later) < 0.5 * np.median(before)


def test_teaching_and_taking_it_back_leaves_no_trace(model: Model) -> None:
    video, odd = moment()
    before, score = model.state(), scores(model, video)
    before = ModelState({name: tensor.clone() for name, tensor in before.tensors.items()}, dict(before.meta))
    taught(model, odd)
    assert not unchanged(model.state(), before)
    assert isinstance(model, Teachable)
    model.unteach("yesterday")
    assert not unchanged(model.state(), before)
    model.unteach("today")
    assert unchanged(model.state(), before)
    np.testing.assert_array_equal(scores(model, video), score)


def test_what_was_taught_is_saved_and_forgotten_by_training(model: Model) -> None:
    video, odd = moment()
    score = scores(taught(model, odd), video)
    state = model.state()
    again = type(model)(**model.settings()).restore(ModelState(dict(state.tensors), json.loads(json.dumps(state.meta))))
    np.testing.assert_array_equal(scores(again, video), score)
    data = synthetic_source(FLOW_AND_SHAPE)
    model.train(data).absorb(data)
    assert scores(model, odd).min() > score.min()


def test_forgetting_what_was_absorbed_keeps_what_was_taught(model: Model) -> None:
    _, odd = moment()
    taught(model, odd)
    if isinstance(model, Updatable):
        model.forget("normal1").forget("today")
    assert scores(model, odd).max() < 1e-4


def test_crops_are_taught_one_by_one() -> None:
    for name, made in MODELS.items():
        if "entry" not in name:
            model, (_, odd) = fitted(made, CROPS), moment(CROPS)
            assert scores(model, odd).min() > 0.01
            assert scores(taught(model, odd), odd).max() < 1e-4
            assert isinstance(model, Explaining)
            assert len(model.explain(odd)) == len(odd)


def test_explanations_say_what_the_score_is_made_from(model: Model) -> None:
    video, odd = moment()
    assert isinstance(model, Explaining)
    for step in ("before", "taught"):
        found = model.explain(video, nearest=2)
        np.testing.assert_allclose([one.score for one in found], scores(model, video), rtol=1e-5, atol=1e-5)
        for one in found:
            assert model.distance_at(one.score) == pytest.approx(one.distance, abs=1e-6)
            assert all(len(near.nearest) <= 2 for near in one.comparisons)
            check_order(one)
        assert any(c.part == "taught" for c in found[0].comparisons) == (step == "taught")
        taught(model, odd)
    assert [one.nearest[0].distance < 1e-3 for one in model.explain(odd)] == [True] * len(odd)
    assert {one.nearest[0].video for one in model.explain(odd)} == {"today"}


def check_order(one: Explanation) -> None:
    distances = [moment.distance for moment in one.nearest]
    assert distances == sorted(distances)
    assert len({(m.video, m.frame, m.box) for m in one.nearest}) == len(distances)


def test_nearest_moments_are_the_rows_at_that_distance() -> None:
    """For one neighbour, the distance of the nearest moment is the distance of the score; its frame is the row's."""
    model, (video, _) = fitted(KNN, FLOW_AND_SHAPE), moment()
    assert isinstance(model, KNN)
    for one in model.explain(video):
        assert one.nearest[0].distance == pytest.approx(one.distance, rel=1e-4)
    copied = replace(synthetic_source(FLOW_AND_SHAPE).columns("normal1"))
    known = next(iter(synthetic_source(FLOW_AND_SHAPE).chunks("normal1")))
    for row in (0, 17):
        (one,) = model.explain(known.select(slice(row, row + 1)))
        first = one.nearest[0]
        assert (first.video, first.frame, first.distance) == ("normal1", copied.frame[row], 0)
        assert first.box == tuple(copied.box[row].tolist())


@pytest.mark.parametrize("summary", ["all", "mean"])
def test_tables_say_their_bucket_and_how_many_codes_it_has(summary: str) -> None:
    model, (video, _) = fitted(lambda: LSH(bits=8, summary=summary, probe=1), FLOW_AND_SHAPE), moment()
    assert isinstance(model, LSH)
    kinds = set()
    for one in model.explain(video, nearest=1000):
        assert len(one.comparisons) == 8
        assert one.distance == min(c.distance for c in one.comparisons)
        for table in one.comparisons:
            assert table.flips is not None
            kinds.add(table.flips)
            assert (table.codes == 0) == (table.flips < 0) == (not table.nearest)
            if table.flips < 0:
                assert table.distance == pytest.approx(math.sqrt(8))
            elif summary == "all":
                assert len(table.nearest) == table.codes
                assert table.distance == pytest.approx(np.mean([m.distance for m in table.nearest]), abs=1e-4)
            else:
                assert len(table.nearest) <= table.codes
                assert len({m.video for m in table.nearest}) <= 3
    assert kinds == {-1, 0, 1}


def test_a_stored_observation_is_found_in_its_own_buckets() -> None:
    model = fitted(lambda: LSH(bits=8), FLOW_AND_SHAPE)
    known = next(iter(synthetic_source(FLOW_AND_SHAPE).chunks("normal1")))
    (one,) = model.explain(known.select(slice(5, 6)))  # type: ignore[attr-defined]
    for table in one.comparisons:
        assert (table.flips, table.nearest[0].video, table.nearest[0].frame) == (0, "normal1", known.frame[5])
        assert table.nearest[0].distance < 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_before_training_and_with_strange_observations_it_is_an_error(name: str) -> None:
    model, (_, odd) = MODELS[name](), moment()
    assert isinstance(model, Teachable)
    assert isinstance(model, Explaining)
    with pytest.raises(NotFitted):
        model.teach(odd)
    with pytest.raises(NotFitted):
        model.explain(odd)
    known = fitted(MODELS[name], FLOW_AND_SHAPE)
    for call in (known.teach, known.explain):  # type: ignore[attr-defined]
        with pytest.raises(SpecError):
            call(replace(odd, data={"other": odd.data["flow"]}))
    if isinstance(known, Updatable):
        for video in ("normal0", "normal1", "normal2"):
            known.forget(video)
        with pytest.raises(NotFitted, match="nothing to compare with"):
            known.explain(odd)  # type: ignore[attr-defined]


def test_taught_observations_cost_multiplications() -> None:
    data = synthetic_source(FLOW_AND_SHAPE, seed=40, videos=1)
    for made in MODELS.values():
        model, (_, odd) = fitted(made, FLOW_AND_SHAPE), moment()
        before = model.multiplications(data)  # type: ignore[attr-defined]
        more = taught(model, odd).multiplications(data) - before  # type: ignore[attr-defined]
        per_pair = 8 * 8 if isinstance(model, LSH) else 12
        assert more == per_pair * len(odd) * len(data)
