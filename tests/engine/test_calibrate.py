"""A detector gets another threshold without forgetting or learning anything, and survives being saved."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import oddframe as odd
from oddframe.engine import store
from oddframe.engine.detector import Detector
from oddframe.errors import FitError, SettingsError, StoreError
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.source import MemorySource
from tests.engine.walks import SPEC, detector, normal, recorded, source, today


def rated(known: Detector, per_hour: float | None) -> odd.Scoring:
    return replace(known.scoring, false_alarms_per_hour=per_hour)


def told_of(known: Detector) -> list[dict[str, str]]:
    changes: list[dict[str, str]] = json.loads(json.dumps(known.info()))["fitted"]["changes"]
    return changes


def test_its_own_held_out_video_gives_a_threshold_for_another_rate_and_back() -> None:
    known = detector(KNN(k=1))
    first, scores = known.calibration, next(known.score_source(today())).scores
    loose = known.calibrate(scoring=rated(known, 3000))
    strict = known.calibrate(scoring=rated(known, 10))
    assert (loose.threshold or 0) <= (strict.threshold or 0)
    assert strict.alarms is not None
    assert strict.alarms.asked == 10
    np.testing.assert_array_equal(next(known.score_source(today())).scores, scores)
    assert known.calibrate(scoring=rated(known, None)) == first


def test_a_saved_detector_can_be_calibrated_again_without_its_video(tmp_path: Path) -> None:
    known = detector(KNN(k=1))
    known.save(tmp_path / "d")
    again = Detector.load(tmp_path / "d")
    assert again.calibration == known.calibration
    assert again.calibrate(scoring=rated(again, 60)) == known.calibrate(scoring=rated(known, 60))
    again.save(tmp_path / "d")
    third = Detector.load(tmp_path / "d")
    assert third.scoring.false_alarms_per_hour == 60
    assert third.calibration == again.calibration
    assert len(json.dumps(third.info()["fitted"])) < 5000  # thousands of numbers are no news


def test_a_ceiling_of_scores_is_known_to_every_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KNN, "ceiling", 1e4)
    known = detector(KNN(k=1))
    known.save(tmp_path / "d")
    for one in (
        known.calibration,
        Detector.load(tmp_path / "d").calibration,
        known.calibrate(normal(5, name="evening")),
    ):
        assert one.normal is not None
        assert one.normal.events.ceiling == 1e4


def test_unseen_normal_video_gives_a_threshold_and_a_line_in_the_journal() -> None:
    known = detector(KNN(k=1))
    known.teach(today(), 4, 6)
    stale = known.stale
    assert stale is not None
    harder = normal(5, name="evening", y=23)
    fresh = known.calibrate(harder)
    frames = np.concatenate([one.scores for one in known.score_source(harder)])
    assert fresh.threshold == np.sort(frames)[int(np.ceil(0.99 * (len(frames) + 1))) - 1]
    assert fresh.normal_frames == len(frames)
    assert known.stale is None
    told = [(change["kind"], change["video"]) for change in told_of(known)]
    assert told[1:] == [("calibrated", f"evening{n}") for n in range(5)]
    assert known.calibrate(harder) == fresh  # as often as one likes: nothing was learnt from it
    known.absorb(harder)


def test_events_and_frames_carry_p_values() -> None:
    known = detector(KNN(k=1))
    timeline = next(known.score_source(today()))
    assert timeline.p_values is not None
    assert timeline.low is not None
    assert timeline.threshold is not None
    assert timeline.low < timeline.threshold
    n = known.calibration.normal_frames
    assert [event.p_value for event in timeline.events] == [pytest.approx(1 / (n + 1))] * len(timeline.events)
    assert len(timeline.events) == 2
    assert np.nanmedian(timeline.p_values[:35]) > 0.1
    assert next(known.score_source(today(), scoring=odd.Scoring())).p_values is None


def test_a_detector_may_be_fitted_for_a_rate_of_events() -> None:
    with pytest.warns(odd.OddframeWarning, match="cannot show 1 false alarm an hour"):
        known = detector(KMeans(clusters=4), odd.Scoring(false_alarms_per_hour=1))
    assert known.calibration.alarms is not None
    assert known.calibration.alarms.asked == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector(KMeans(clusters=4), odd.Scoring(false_alarms_per_hour=900))


def test_video_that_it_learnt_from_is_refused() -> None:
    known = detector(KNN(k=1))
    with pytest.raises(SettingsError, match=r"'v0'.*learnt from"):
        known.calibrate(normal(3))
    known.teach(today(), 4, 6)
    with pytest.raises(SettingsError, match=r"'today'.*learnt from"):
        known.calibrate(today())


def test_without_held_out_video_the_error_says_how_to_get_some() -> None:
    known = Detector(observer=odd.Detector().observer, model=KNN(k=1)).fit(normal(), holdout=0)
    with pytest.raises(SettingsError, match=r"calibrate DETECTOR NORMAL_VIDEO.*--holdout"):
        known.calibrate()
    assert known.calibrate(normal(5, name="w")).threshold is not None


def test_more_than_the_rate_cannot_change_without_video() -> None:
    known = detector(KNN(k=1))
    with pytest.raises(SettingsError, match="give normal video"):
        known.calibrate(scoring=replace(known.scoring, merge=3.0))
    before = known.calibration
    with pytest.raises(FitError, match="not one frame"):
        known.calibrate(MemorySource(SPEC, []))
    assert known.calibration == before
    known.calibrate(source(recorded("w", 1)), scoring=replace(known.scoring, merge=3.0))
    assert known.scoring.merge == 3.0


def test_what_was_held_out_must_be_sound(tmp_path: Path) -> None:
    detector(KNN(k=1)).save(tmp_path / "d")
    document, tensors, _ = store.read(tmp_path / "d")
    del tensors["normal"]["block"]
    store.write(tmp_path / "d", document, tensors)
    with pytest.raises(StoreError, match="scores of normal video"):
        Detector.load(tmp_path / "d")


def test_a_detector_of_an_earlier_version_scores_as_before(tmp_path: Path) -> None:
    known = detector(KNN(k=1))
    known.save(tmp_path / "d")
    document, tensors, _ = store.read(tmp_path / "d")
    del tensors["normal"]
    for name in ("low", "alarms"):
        del document["fitted"]["calibration"][name]
    for name in ("hysteresis", "false_alarms_per_hour"):
        del document["scoring"]["settings"][name]
    store.write(tmp_path / "d", document, tensors)
    old = Detector.load(tmp_path / "d")
    timeline = next(old.score_source(today()))
    np.testing.assert_array_equal(timeline.scores, next(known.score_source(today())).scores)
    assert timeline.low == timeline.threshold == known.calibration.threshold
    with pytest.raises(SettingsError, match="no held-out normal video"):
        old.calibrate()


def test_folds_hold_out_every_frame_once_and_learn_from_all() -> None:
    whole, crossed = detector(KNN(k=1)), Detector(observer=odd.Detector().observer, model=KNN(k=1))
    crossed.scoring = whole.scoring
    crossed.fit(normal(), folds=3)
    assert crossed.calibration.normal_frames == 6 * 120
    assert whole.calibration.normal_frames == 120
    fresh, known = next(crossed.score_source(today())), next(whole.score_source(today()))
    near = fresh.scored.score[:40]  # both know all of the normal video; the scale comes from what was trained on
    np.testing.assert_allclose(near, known.scored.score[:40], atol=0.2)
    one, six = (next(crossed.score_source(normal(1))).scores.max(), crossed.calibration.threshold)
    assert one < (six or 0)


def test_a_seed_chooses_the_folds_and_their_number_has_bounds() -> None:
    first, again, other = (
        Detector(observer=odd.Detector().observer, model=KNN(k=1)).fit(normal(), folds=2, seed=seed).calibration
        for seed in (0, 0, 3)
    )
    assert first == again
    assert first != other
    for folds, message in ((7, "there are 6 normal videos"), (0, "1 or more")):
        with pytest.raises(SettingsError, match=message):
            Detector(observer=odd.Detector().observer, model=KNN(k=1)).fit(normal(), folds=folds)
