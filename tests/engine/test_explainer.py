"""Explanations without a second look: the same as those with one, at the same scores, in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import oddframe as odd
from oddframe.engine.explainer import TopObservations, Witness
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.observers.objects import Objects
from oddframe.scoring import Scoring
from oddframe.testing.scenes import moving_square
from oddframe.types import Observations, Scored
from oddframe.video import ArrayVideo

LENIENT = Scoring(alarm_rate=0.2)


def film(name: str, speed: float, seconds: float = 6) -> ArrayVideo:
    return ArrayVideo([f.image for f in moving_square(speed=speed, seconds=seconds).frames], fps=10, name=name)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def detector(cache: Path) -> odd.Detector:
    made = odd.Detector(observer=Objects(embedding=0), model=KNN(k=1), scoring=LENIENT)
    return made.fit([film(f"n{n}", 15 + n) for n in range(4)], cache=cache)


def test_scores_and_explanations_are_those_of_the_detector(detector: odd.Detector, cache: Path) -> None:
    witness, fast = Witness.of(detector), film("fast", 60)
    timeline = witness.detector.score(fast)
    assert np.array_equal(timeline.scores, detector.score(fast).scores, equal_nan=True)
    (event, *_) = timeline.events
    for frame in (event.peak, event.start + 1):
        kept, looked = witness.explain(timeline, frame), detector.explain(fast, frame / 10, cache=cache)
        assert kept == looked
        assert kept is not None or frame != event.peak
    assert not isinstance(detector.model, type(witness.keeping))


def test_what_was_dropped_or_never_seen_is_not_explained(detector: odd.Detector) -> None:
    witness = Witness.of(detector)
    timeline = witness.detector.score(film("fast", 60))
    still = next(f for f in range(60) if f not in timeline.scored.observations.frame)
    assert witness.explain(timeline, still) is None
    witness.drop(timeline)
    assert witness.explain(timeline, timeline.events[0].peak) is None


def test_a_model_without_moments_scores_as_ever(cache: Path) -> None:
    made = odd.Detector(observer=Objects(embedding=0), model=KMeans(clusters=4), scoring=LENIENT)
    made.fit([film(f"n{n}", 15 + n) for n in range(3)], cache=cache)
    witness, fast = Witness.of(made), film("fast", 60)
    timeline = witness.detector.score(fast)
    assert np.array_equal(timeline.scores, made.score(fast).scores, equal_nan=True)


def rows(start: int, count: int) -> Observations:
    frame = np.arange(start, start + count)
    return Observations(
        video="v",
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.zeros((count, 4), np.float32),
        data={"value": torch.arange(start, start + count)[:, None].repeat(1, 8).float()},
    )


def test_of_one_frame_the_oddest_is_kept() -> None:
    pair, kept = rows(0, 4), TopObservations()
    both = replace(pair, frame=np.array([0, 0, 1, 1]), span=np.array([[0, 1], [0, 1], [1, 2], [1, 2]]))
    kept.add(both, Scored(both.columns(), np.array([1, 5, 7, 2], np.float32)))
    values = [None if (one := kept.at(frame)) is None else float(one.data["value"][0, 0]) for frame in range(3)]
    assert values == [1.0, 2.0, None]


def test_of_too_many_the_highest_are_kept() -> None:
    kept, random = TopObservations(room=50 * 32), np.random.default_rng(0)
    score = random.permutation(400).astype(np.float32)
    for start in range(0, 400, 40):
        piece = rows(start, 40)
        kept.add(piece, Scored(piece.columns(), score[start : start + 40]))
    for frame in np.argsort(score)[-20:].tolist():
        one = kept.at(frame)
        assert one is not None
        assert (one.frame[0], float(one.data["value"][0, 0])) == (frame, frame)
    assert sum(kept.at(frame) is not None for frame in range(400)) <= 50 + 40


def test_nothing_is_kept_of_a_model_that_answers_later() -> None:
    kept, piece = TopObservations(), rows(0, 4)
    kept.add(piece, Scored(rows(0, 3).columns(), np.zeros(3, np.float32)))
    assert kept.at(1) is None
