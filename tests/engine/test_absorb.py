"""More normal days become normal, and the threshold is renewed from them or said to be stale."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from oddframe.engine import Detector
from oddframe.errors import FitError, SettingsError, StaleThreshold
from oddframe.models.knn import KNN
from oddframe.models.source import MemorySource
from oddframe.types import Observations
from tests.engine.walks import FPS, SPEC, detector, normal, recorded, source, today


@pytest.fixture
def knn() -> Detector:
    return detector(KNN())


def changes(made: Detector) -> Any:
    return json.loads(json.dumps(made.info()))["fitted"]["changes"]


def test_new_days_become_normal_and_give_a_threshold_of_their_own(knn: Detector) -> None:
    before, threshold = next(knn.score_source(today())), knn.calibration.threshold
    assert threshold is not None
    knn.teach(today(), 8.0, 9.0)
    knn.absorb(normal(name="low", y=38))
    assert knn.stale is None
    # Held out while the others were absorbed, a new day is as normal as an old one was: the threshold does not jump
    # to what new days scored when nothing of their kind was known.
    assert knn.calibration.threshold is not None
    assert knn.calibration.threshold < 0.5 * before.scores[40:60].min()
    assert np.median(next(knn.score_source(today())).scores[40:60]) < knn.calibration.threshold
    assert [change["kind"] for change in changes(knn)] == ["taught", *["absorbed"] * 6]
    assert all(change["calibrated"] for change in changes(knn))
    assert (changes(knn)[1]["frames"], changes(knn)[1]["observations"]) == ([0, 120], 120)


def test_a_video_is_absorbed_once(knn: Detector) -> None:
    with pytest.raises(SettingsError, match="'v0' is known already"):
        knn.absorb(normal())
    knn.absorb(normal(name="low"))
    with pytest.raises(SettingsError, match="'low2' is known already"):
        knn.absorb(source(recorded("low2", 2)))
    knn.forget("low2")
    knn.absorb(source(recorded("low2", 2, frames=700)))


def test_what_the_threshold_stands_on_is_not_forgotten_in_silence(knn: Detector) -> None:
    knn.teach(today(), 8.0, 9.0)
    knn.absorb(normal(name="low"))
    knn.forget("today")
    assert "1 video untaught" in str(knn.stale)
    knn.forget("low2")
    assert "1 video forgotten" in str(knn.stale)
    with pytest.raises(SettingsError, match="knows no such video"):
        knn.forget("today")
    with pytest.warns(StaleThreshold):
        next(knn.score_source(today()))


def test_too_little_keeps_the_threshold_and_says_so(knn: Detector) -> None:
    state, threshold = knn.model.state(), knn.calibration.threshold
    knn.absorb(source(recorded("short", 3, frames=30)))
    assert knn.calibration.threshold == threshold
    assert "1 video absorbed" in str(knn.stale)
    knn.forget("short")
    assert knn.stale is None
    assert changes(knn) == []
    for name, tensor in knn.model.state().tensors.items():
        np.testing.assert_array_equal(tensor, state.tensors[name])
    knn.absorb(source(recorded("long", 4, frames=700)), holdout=0)
    assert knn.calibration.threshold == threshold
    with pytest.raises(SettingsError, match="holdout"):
        knn.absorb(today(), holdout=1)


def test_nothing_to_absorb_is_an_error(knn: Detector) -> None:
    info, _ = recorded("still", 1)
    nothing = MemorySource(SPEC, [(info, Observations.none("still", SPEC, through=120))])
    with pytest.raises(FitError, match="nothing to learn from in still"):
        knn.absorb(nothing)


def test_an_explanation_names_when_and_where_it_was_normal(knn: Detector) -> None:
    timeline = next(knn.score_source(today()))
    event = max(timeline.events, key=lambda one: one.score)
    why = knn.explain(today(), event.peak_time)
    assert why is not None
    assert (why.video, why.frame, why.box, why.threshold) == ("today", event.peak, event.box, timeline.threshold)
    assert why.explanation.score == pytest.approx(event.score, abs=1e-5)
    near = why.nearest()
    assert [moment.distance for moment in near] == sorted(moment.distance for moment in near)
    assert near[0].distance == pytest.approx(why.explanation.distance, rel=1e-4)
    assert [why.seconds_of(moment) for moment in near] == [moment.frame / FPS for moment in near]
    assert len(near) == 3
    for one in near:
        assert not [m for m in near if m is not one and m.video == one.video and abs(m.frame - one.frame) < FPS]
    printed = json.loads(json.dumps(why.to_json()))
    assert printed["nearest"][0]["seconds"] == near[0].frame / FPS
    # Something as near as `within` scores no more than the threshold.
    assert why.within is not None
    assert why.within < why.explanation.distance
    assert np.log1p(why.within) == pytest.approx(why.threshold)


def test_an_explanation_names_what_was_taught_and_absorbed_with_its_time(knn: Detector) -> None:
    knn.teach(today(), 4.0, 6.0)
    why = knn.explain(today(), 4.5)
    assert why is not None
    first = why.nearest()[0]
    assert (first.video, first.frame, why.seconds_of(first), first.distance) == ("today", 45, 4.5, 0)
    assert [one.part for one in why.explanation.comparisons] == ["distance", "taught"]
    knn.absorb(normal(name="high", y=2))
    why = knn.explain(today(), 8.5)
    assert why is not None
    assert why.nearest()[0].video.startswith("high")
    assert None not in map(why.seconds_of, why.nearest())


def test_where_nothing_is_seen_there_is_nothing_to_explain(knn: Detector) -> None:
    info, some = recorded("gap", 1)
    gap = MemorySource(SPEC, [(info, some.select(np.flatnonzero(some.frame < 50)))])
    assert knn.explain(gap, 8.0) is None
    with pytest.raises(SettingsError, match=r"lasts 12\.000 s"):
        knn.explain(gap, 61.0)
    with pytest.raises(FitError, match="gap, 8 to 9 s: nothing is seen there, so there is nothing to teach"):
        knn.teach(gap, 8.0, 9.0)


def test_a_description_without_a_journal_is_read(knn: Detector, tmp_path: Any) -> None:
    knn.save(tmp_path / "d")
    path = tmp_path / "d" / "detector.json"
    content = json.loads(path.read_text())
    del content["document"]["fitted"]["changes"], content["document"]["fitted"]["on"]["rates"]
    path.write_text(json.dumps(content))
    loaded = Detector.load(tmp_path / "d")
    assert loaded.stale is None
    why = loaded.explain(today(), 4.5)
    assert why is not None
    assert [why.seconds_of(moment) for moment in why.nearest()] == [None] * 3
    content["document"]["fitted"]["changes"] = [{"kind": "taught"}]
    path.write_text(json.dumps(content))
    with pytest.raises(Exception, match="description is damaged"):
        Detector.load(tmp_path / "d")
