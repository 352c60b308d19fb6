"""A threshold for so many false alarms an hour gives about so many, and its interval and its doubts are honest."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.scoring import EventPeaks, Scoring, Smoothing, event_bounds, false_alarms, threshold_for
from oddframe.types import FloatArray, Timeline, VideoInfo
from tests.scoring.cases import observations

FPS = 10
SMOOTH = Smoothing("gaussian", 0.48)


def noise(seed: int, minutes: float) -> FloatArray:
    """Smoothed white noise: normal video without any structure."""
    frames = round(minutes * 60 * FPS)
    raw = np.random.default_rng(seed).normal(size=frames).astype(np.float32)
    return SMOOTH.array(raw, np.ones(frames, np.bool_), FPS)


def timeline(scores: FloatArray, name: str = "v", fps: int = FPS) -> Timeline:
    info = VideoInfo(name, 8, 8, Fraction(fps), len(scores))
    return Timeline(info, scores, np.isfinite(scores), observations([], []))


def peaks_of(*scores: FloatArray, scoring: Scoring = Scoring(), fps: int = FPS) -> EventPeaks:
    return EventPeaks.count([timeline(one, f"v{n}", fps) for n, one in enumerate(scores)], scoring, typical(scores))


def typical(scores: tuple[FloatArray, ...]) -> float:
    return float(np.nanmedian(np.concatenate(scores)))


def events(scores: FloatArray, threshold: float, middle: float, scoring: Scoring = Scoring()) -> int:
    low = scoring.low(threshold, middle)
    return len(event_bounds(scores, threshold, low, merge=scoring.merge * FPS, shortest=scoring.shortest * FPS))


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan")]), min_size=1, max_size=40), min_size=1),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_no_counted_threshold_gives_more_events_than_it_says(videos: list[list[float]], hysteresis: float) -> None:
    scores = tuple(np.array(one, np.float32) for one in videos)
    if not np.isfinite(np.concatenate(scores)).any():
        return
    scoring, middle = Scoring(hysteresis=hysteresis, merge=0.3), typical(scores)
    peaks = peaks_of(*scores, scoring=scoring)
    assert (np.diff(peaks.height) <= 0).all()
    for threshold in {*peaks.height.tolist(), peaks.highest}:
        found = sum(events(one, threshold, middle, scoring) for one in scores)
        assert found <= peaks.over(threshold).sum()


@pytest.mark.parametrize("per_hour", [6, 30, 120])
def test_fresh_video_gives_about_as_many_events_as_asked(per_hour: float) -> None:
    held = noise(0, 240)
    peaks = peaks_of(held)
    threshold, told = threshold_for(peaks, per_hour)
    assert told.basis == "counted"
    assert told.doubt is None
    found = events(noise(1, 600), threshold, typical((held,))) / 10
    assert found == pytest.approx(per_hour, rel=0.35)
    assert told.at_least <= found <= told.at_most


def test_the_tail_says_what_a_little_video_cannot_show() -> None:
    """From ten minutes each, thresholds for two events an hour: too few to count, and yet about right on average."""
    fresh, found, inside = noise(99, 900), [], 0
    for seed in range(12):
        held = noise(seed, 10)
        threshold, told = threshold_for(peaks_of(held), 2)
        found.append(events(fresh, threshold, typical((held,))) / 15)
        inside += told.at_least <= found[-1] <= told.at_most
        assert told.basis == "tail"
        assert "cannot show 2 false alarms an hour" in (told.doubt or "")
    assert 0.3 < np.median(found) < 6
    assert inside >= 11


@given(st.integers(0, 3), st.lists(st.floats(0.01, 500), min_size=2, max_size=3))
@settings(max_examples=20)
def test_a_rarer_rate_never_lowers_the_threshold(seed: int, rates: list[float]) -> None:
    peaks = peaks_of(noise(seed, 3**seed))
    thresholds = [threshold_for(peaks, rate)[0] for rate in sorted(rates)]
    assert all(a >= b for a, b in itertools.pairwise(thresholds))


def test_too_few_events_give_the_highest_and_say_so() -> None:
    held = np.array([0, 0, 5, 5, 5, 0, 0, 0, 0, 0] * 2, np.float32)
    threshold, told = threshold_for(peaks_of(held), 1)
    assert threshold == 5
    assert told.basis == "highest"
    assert "2 s of held-out normal video cannot show 1 false alarm an hour" in (told.doubt or "")
    assert "10 h would be enough" in (told.doubt or "")
    assert told.at_most >= 3.6 / told.hours


def test_video_in_which_nothing_ever_happens_has_a_threshold() -> None:
    threshold, told = threshold_for(peaks_of(np.full(100, 2.0, np.float32)), 1)
    assert threshold == 2
    assert told.basis == "highest"


def test_blocks_that_differ_widen_the_interval() -> None:
    """The same number of events, evenly spread or all in one video: the second says less of the next video."""
    busy = np.tile(np.array([0] * 20 + [3] * 5, np.float32), 60)
    quiet = np.zeros_like(busy)
    even = [np.where(np.arange(len(busy)) // 25 % 6 == n, busy, 0).astype(np.float32) for n in range(6)]
    spread = false_alarms(peaks_of(*even), 1.0)
    heaped = false_alarms(peaks_of(busy, *[quiet] * 5), 1.0)
    assert spread.per_hour == heaped.per_hour
    assert heaped.at_most - heaped.at_least > 2 * (spread.at_most - spread.at_least)


def test_video_of_several_frame_rates_counts_in_seconds() -> None:
    scores = noise(3, 5)
    slow, fast = timeline(scores, "slow", 10), timeline(np.repeat(scores, 2), "fast", 20)
    middle = typical((scores,))
    one = EventPeaks.count([slow, slow], Scoring(), middle)
    two = EventPeaks.count([slow, fast], Scoring(), middle)
    assert two.hours == pytest.approx(one.hours)
    assert len(two.height) == pytest.approx(len(one.height), rel=0.1)


@pytest.mark.parametrize("rate", [1.0, 4.0])
def test_scores_with_a_ceiling_get_thresholds_that_they_can_pass_and_the_rate_asked_for(rate: float) -> None:
    """Probabilities that pile up below 1: a tail that knows nothing of the 1 puts the threshold beyond it."""
    every: list[FloatArray] = [(1 / (1 + np.exp(4 - 12 * noise(seed, 120)))).astype(np.float32) for seed in range(8)]
    found, beyond = [], 0
    for seed, held in enumerate(every):
        middle = float(np.median(held))
        known = EventPeaks.count([timeline(held)], Scoring(), middle, ceiling=1.0)
        threshold, _ = threshold_for(known, rate)
        assert threshold < 1
        beyond += threshold_for(replace(known, ceiling=math.inf), rate)[0] >= 1
        found += [events(other, threshold, middle) / 2 for n, other in enumerate(every) if n != seed]
    assert beyond > 4
    assert rate / 2 < np.mean(found) < rate * 2
