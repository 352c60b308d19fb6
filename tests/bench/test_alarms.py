"""The bench's alarms are the events that scoring makes, and no others."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.bench.regions import Alarms, alarms_of
from oddframe.bench.truth import Truth
from oddframe.scoring import Scoring, Smoothing, make_timeline
from oddframe.types import Timeline, VideoInfo, Window
from tests.scoring.cases import observations

FPS = 10
LOW, HIGH = 2.0, 3.0
SCORES = st.lists(st.integers(0, 5), min_size=1, max_size=60)


def timeline(scores: list[int], scoring: Scoring) -> Timeline:
    """Scored as a calibrated detector does, threshold 3 and 2 below it."""
    info = VideoInfo("v", 8, 8, Fraction(FPS), len(scores))
    rows = observations(range(len(scores)), scores)
    return make_timeline(rows, info, Window(1), scoring, floor=0, threshold=HIGH, low=LOW)


def alarms(scores: list[int], odd: range, merge: float = 0.5, shortest: float = 0.2) -> Alarms:
    scoring = Scoring(smoothing=Smoothing("none"), merge=merge, shortest=shortest)
    labels = np.zeros(len(scores), np.bool_)
    labels[odd] = True
    made = timeline(scores, scoring)
    return alarms_of([made], Truth((made.info,), (labels,), None, tracked=False), HIGH)


@given(SCORES, st.sampled_from([0.0, 0.2, 0.5]), st.sampled_from([0.0, 0.2, 0.5]))
def test_all_events_of_normal_video_are_its_false_alarms(scores: list[int], merge: float, shortest: float) -> None:
    """The labelled stretch is apart from them, beyond anything that could reach over to it."""
    quiet = [*scores, *[0] * 10, 9]
    found = alarms(quiet, range(len(quiet) - 1, len(quiet)), merge, shortest)
    events = timeline(scores, Scoring(smoothing=Smoothing("none"), merge=merge, shortest=shortest)).events
    assert found.false_per_hour == pytest.approx(len(events) * 3600 * FPS / (len(quiet) - 1))


def test_what_flickers_round_the_threshold_is_one_alarm_and_what_flashes_none() -> None:
    """Three runs over the threshold that stay over the lower one; two with a short gap; one frame alone."""
    found = alarms([*[4, 3, 4, 3, 4], *[0] * 8, *[4, 4, 0, 0, 4, 4], *[0] * 8, 4, *[0] * 8, 0], range(36, 37))
    assert found.false_per_hour == pytest.approx(2 * 3600 * FPS / 36)
    assert found.false_positive_rate == pytest.approx(8 / 36), "a share of frames, as the alarm rate is"


def test_a_stretch_is_found_when_an_event_reaches_into_it() -> None:
    scores = [0, 0, 4, 4, 3, 3, 0, 0, 0, 0]
    late, held, flash = alarms(scores, range(1, 4)), alarms(scores, range(5, 8)), alarms([0, 4, 0, 0], range(1, 3))
    assert (late.missed, late.mean_delay, late.recall) == (0, 0.1, 2 / 3)
    assert (held.missed, held.mean_delay, held.recall) == (0, 0.0, 0), "held by the lower threshold"
    assert (flash.missed, flash.mean_delay, flash.recall) == (1, None, 0.5), "too short for an event"
