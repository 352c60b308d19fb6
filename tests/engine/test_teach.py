"""Correcting a detector: what was taught is normal, nothing else moves, and no step of it can be half done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch

from oddframe.engine import Detector
from oddframe.engine.correct import LOOKED_AT
from oddframe.errors import FitError, NotFitted, SettingsError, SpecError, StaleThreshold, VideoError
from oddframe.models.base import Model
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.lsh import LSH
from oddframe.models.source import MemorySource, ObservationSource
from oddframe.scoring import Scoring
from oddframe.testing.sources import FLOW_AND_SHAPE, synthetic_source
from oddframe.types import Run, Timeline
from tests.engine.fakes import Nearest
from tests.engine.walks import SPEC, detector, normal, recorded, source, today

MODELS: dict[str, Callable[[], Model]] = {
    "knn": KNN,
    "kmeans": lambda: KMeans(clusters=100),
    "lsh": lambda: LSH(bits=16),
}


class Plain(Nearest):
    """Has no ability that it might lack."""

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self.known = torch.zeros(0, SPEC.fields["place"].shape[0])
        return self


@pytest.fixture(params=MODELS)
def fitted(request: pytest.FixtureRequest) -> Detector:
    return detector(MODELS[request.param]())


@pytest.fixture
def knn() -> Detector:
    return detector(KNN())


def scored(made: Detector, clip: MemorySource) -> Timeline:
    """Its timeline; that the threshold is stale is said exactly where it is."""
    if made.stale is None:
        return next(made.score_source(clip))
    with pytest.warns(StaleThreshold, match="since the threshold was learnt"):
        return next(made.score_source(clip))


def told(made: Detector) -> Any:
    return json.loads(json.dumps(made.info()))["fitted"]


def odd_frames(timeline: Timeline) -> set[int]:
    return set(np.flatnonzero(timeline.scores > (timeline.threshold or 0.0)).tolist())


def test_what_was_taught_falls_under_the_threshold_and_the_rest_stays(fitted: Detector) -> None:
    before, other = scored(fitted, today()), source(recorded("other", 9))
    usual = scored(fitted, other)
    low, high = set(range(40, 60)), set(range(80, 90))
    assert low | high <= odd_frames(before)
    report = fitted.teach(today(), 4.0, 6.0)
    assert report.threshold == before.threshold
    assert report.before.min() > fitted.calibration.threshold > report.after.max()
    assert report.observations.frame.tolist() == sorted(low)
    after = scored(fitted, today())
    assert after.threshold == before.threshold
    assert odd_frames(after) == odd_frames(before) - low
    rest = sorted(set(range(100)) - low)
    np.testing.assert_array_equal(after.scores[rest], before.scores[rest])
    np.testing.assert_array_equal(scored(fitted, other).scores, usual.scores)


def test_the_same_thing_the_next_day_is_normal_too(fitted: Detector) -> None:
    tomorrow = source(recorded("tomorrow", 78, 100, {range(40, 60): 38.0, range(80, 90): 2.0}))
    before = scored(fitted, tomorrow)
    fitted.teach(source(recorded("today", 77, 200, {range(20, 180): 38.0})), 2.0, 18.0)
    after = scored(fitted, tomorrow)
    assert len(odd_frames(after) & set(range(40, 60))) <= 6
    np.testing.assert_array_equal(after.scores[80:90], before.scores[80:90])


def test_of_a_smoothed_event_the_whole_is_to_be_named() -> None:
    made = detector(KNN(), Scoring())
    clip = source(recorded("clip", 77, 100, {range(40, 50): 38.0, range(50, 60): 2.0}))
    event = max(scored(made, clip).events, key=lambda one: one.score)
    assert event.start < 40
    assert event.end > 60
    made.teach(clip, 4.0, 5.0)
    after = scored(made, clip)
    assert after.scored.score[40:50].max() < 1e-3, "by itself, what was taught is normal"
    assert after.scores[49] > (after.threshold or 0.0), "but its odd neighbours are felt"
    made.teach(clip, event.start_time, event.end_time)
    assert not odd_frames(scored(made, clip)) & set(range(event.start, event.end))


def test_forgetting_what_was_taught_leaves_no_trace(fitted: Detector, tmp_path: Path) -> None:
    before = scored(fitted, today())
    fitted.save(tmp_path / "before")
    fitted.teach(today(), 4.0, 6.0)
    fitted.teach(today(), 8.0, 9.0)
    assert not odd_frames(scored(fitted, today())) & set(range(40, 60))
    gone = fitted.forget("clips/today.mp4")
    assert (gone.video, gone.moments, gone.normal) == ("today", 2, False)
    assert fitted.stale is None
    np.testing.assert_array_equal(scored(fitted, today()).scores, before.scores)
    fitted.save(tmp_path / "after")
    contents = [sorted(f.read_bytes() for f in (tmp_path / n).glob("*.safetensors")) for n in ("before", "after")]
    assert contents[0] == contents[1]
    assert fitted.info() == Detector.load(tmp_path / "before").info()


def test_a_taught_detector_is_saved_as_it_is_and_its_index_not_again(fitted: Detector, tmp_path: Path) -> None:
    fitted.save(tmp_path / "d")
    big = [file for file in (tmp_path / "d").iterdir() if file.stem.startswith(("model-index", "model-clusters"))]
    nodes = {file.stat().st_ino for file in big}
    assert nodes
    fitted.teach(today(), 4.0, 6.0, box=(0, 30, 64, 64))
    fitted.save(tmp_path / "d")
    assert nodes <= {file.stat().st_ino for file in (tmp_path / "d").iterdir()}
    loaded = Detector.load(tmp_path / "d")
    assert loaded.info() == fitted.info()
    (change,) = told(loaded)["changes"]
    assert change.pop("when").startswith("20")
    assert change == {
        "kind": "taught",
        "video": "today",
        "fps": "10",
        "frames": [40, 60],
        "box": [0, 30, 64, 64],
        "observations": 20,
        "calibrated": False,
    }
    assert "1 moment taught" in told(loaded)["stale"]
    np.testing.assert_array_equal(scored(loaded, today()).scores, scored(fitted, today()).scores)


def test_what_is_normal_already_is_left_as_it_is(knn: Detector) -> None:
    """Else everything like it would move in every video."""
    report = knn.teach(today(), 2.0, 7.0)
    threshold = knn.calibration.threshold
    assert threshold is not None
    assert (report.seen, set(report.observations.frame.tolist()) >= set(range(40, 60))) == (50, True)
    assert report.before.min() > threshold
    knn.forget("today")
    assert len(knn.teach(today(), 1.0, 1.5).observations) == 5
    free = Detector(observer=knn.observer, model=KNN()).fit(normal(), holdout=0)
    assert len(free.teach(today(), 2.0, 7.0).observations) == 50


def test_only_what_lies_in_the_box_is_taught(knn: Detector) -> None:
    assert len(knn.teach(today(), 3.0, 7.0, box=(0, 30, 64, 64)).observations) == 20
    with pytest.raises(FitError, match=r"today, 4 to 6 s: nothing lies in that box.* all that is seen there lies in"):
        knn.teach(today(), 4.0, 6.0, box=(0, 0, 64, 30))
    with pytest.raises(SettingsError, match="no box"):
        knn.teach(today(), 4.0, 6.0, box=(10, 0, 5, 30))


OUTSIDE = [
    (-1.0, 2.0, "no range"),
    (3.0, 3.0, "no range"),
    (5.0, 4.0, "no range"),
    (0.0, float("nan"), "no range"),
    (9.0, 12.0, r"lasts 10\.000 s"),
    (10.0, 10.05, r"lasts 10\.000 s"),
]


@pytest.mark.parametrize(("start", "end", "why"), OUTSIDE)
def test_a_range_outside_of_the_video_is_refused(knn: Detector, start: float, end: float, why: str) -> None:
    with pytest.raises(SettingsError, match=f"today: .*{why}"):
        knn.teach(today(), start, end)
    assert knn.stale is None


def test_seconds_name_the_frames_that_they_look_like(knn: Detector) -> None:
    assert knn.teach(today(), 4.52, 4.53).observations.frame.tolist() == [45]
    for frame in range(10, 60):
        report = knn.teach(today(), frame / 10, (frame + 1) / 10)
        assert report.observations.frame.tolist() == [frame]


def test_of_a_long_range_some_are_scored_and_all_are_taught(knn: Detector) -> None:
    odd = source(recorded("odd", 5, y=38))
    report = knn.teach(odd, 0.0, 12.0)
    assert len(report.observations) == 120
    assert len(report.rows) == len(report.before) == len(report.after) == LOOKED_AT
    assert (report.rows[0], report.rows[-1]) == (0, 119)
    assert not odd_frames(scored(knn, odd))


def test_forgetting_an_unknown_video_names_the_closest(knn: Detector) -> None:
    with pytest.raises(SettingsError, match="v33: the detector knows no such video; the closest names are v3"):
        knn.forget("v33")
    with pytest.raises(SettingsError, match=r"zebra: .* the closest names are v0, v1, v2"):
        knn.forget("zebra")
    with pytest.raises(SettingsError, match="there is none"):
        knn.forget("v3", taught_only=True)


def test_a_fitted_video_is_forgotten_but_not_the_last(knn: Detector) -> None:
    usual = source(recorded("other", 9))
    before = scored(knn, usual).scores
    for number in range(5):
        assert knn.forget(f"v{number}").normal
    assert (scored(knn, usual).scores >= before).all()
    assert "5 videos forgotten" in str(knn.stale)
    assert "too low" in str(knn.stale)
    with pytest.raises(SettingsError, match="knows no such video"):
        knn.forget("v0")
    knn.teach(today(), 4.0, 6.0)
    with pytest.raises(FitError, match="'v5' is the only normal video left"):
        knn.forget("v5")
    assert knn.forget("today").moments == 1
    assert len(told(knn)["changes"]) == 5


def test_a_moment_of_a_fitted_video_can_be_taken_back_alone(knn: Detector) -> None:
    clip = source(recorded("v2", 2, y=25))
    before = scored(knn, clip).scores
    knn.teach(clip, 1.0, 2.0)
    assert knn.forget("v2", taught_only=True).normal is False
    np.testing.assert_array_equal(scored(knn, clip).scores, before)
    knn.teach(clip, 1.0, 2.0)
    gone = knn.forget("v2")
    assert (gone.moments, gone.normal) == (1, True)


def test_what_a_model_cannot_do_is_refused_by_name() -> None:
    plain, clusters = detector(Plain()), detector(KMeans(clusters=5))
    with pytest.raises(SettingsError, match="'nearest' cannot be taught"):
        plain.teach(today(), 4.0, 6.0)
    with pytest.raises(SettingsError, match="'nearest' cannot explain"):
        plain.explain(today(), 4.5)
    with pytest.raises(SettingsError, match="'nearest' cannot forget 'v1'"):
        plain.forget("v1")
    with pytest.raises(SettingsError, match="'kmeans' learns nothing by absorbing"):
        clusters.absorb(today())
    clusters.teach(source(recorded("v1", 3)), 1.0, 2.0)
    with pytest.raises(SettingsError, match="--taught-only"):
        clusters.forget("v1")


@pytest.mark.parametrize("step", ["teach", "forget", "absorb"])
def test_what_is_interrupted_did_not_happen(knn: Detector, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    knn.teach(today(), 8.0, 9.0)
    before, info = scored(knn, today()), knn.info()
    calls: dict[str, Callable[[], object]] = {
        "teach": lambda: knn.teach(today(), 4.0, 6.0),
        "forget": lambda: knn.forget("today"),
        "absorb": lambda: knn.absorb(normal(name="low", y=38)),
    }
    method = {"forget": "unteach"}.get(step, step)
    real = getattr(KNN, method)

    def interrupted(*given: object) -> None:
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(KNN, method, interrupted)
        with pytest.raises(KeyboardInterrupt):
            calls[step]()
    assert knn.info() == info
    np.testing.assert_array_equal(scored(knn, today()).scores, before.scores)
    calls[step]()
    assert knn.info() != info


def test_before_fitting_and_with_several_videos_it_is_an_error(knn: Detector) -> None:
    unfitted = Detector(model=KNN())
    calls: list[Callable[[], object]] = [
        lambda: unfitted.teach(today(), 1, 2),
        lambda: unfitted.forget("today"),
        lambda: unfitted.absorb(today()),
        lambda: unfitted.explain(today(), 1),
        lambda: unfitted.stale,
    ]
    for call in calls:
        with pytest.raises(NotFitted):
            call()
    with pytest.raises(VideoError, match="6 videos"):
        knn.teach(normal(), 1, 2)
    with pytest.raises(SpecError):
        knn.teach(synthetic_source(FLOW_AND_SHAPE, videos=1), 0, 1)
