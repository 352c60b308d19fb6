"""Events: runs over the threshold, bridged and pruned in seconds, never through a stretch nobody could judge."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.scoring import Scoring, event_bounds, find_events
from oddframe.types import BoolArray, Event, FloatArray, Scored, VideoInfo, event_id
from tests.scoring.cases import observations

NOBODY = observations([], [])


def find(scores: list[float] | FloatArray, merge: float = 0.5, shortest: float = 0.2, fps: int = 10) -> list[Event]:
    array = np.asarray(scores, np.float32)
    info = VideoInfo("v", 8, 8, Fraction(fps), len(array))
    return list(find_events(array, NOBODY, info, threshold=0.5, merge=merge, shortest=shortest))


def bounds(events: list[Event]) -> list[tuple[int, int]]:
    return [(e.start, e.end) for e in events]


def test_a_gap_shorter_than_merge_is_bridged_and_one_as_long_is_not() -> None:
    assert bounds(find([1, 1, 0, 0, 0, 0, 1, 1])) == [(0, 8)]
    assert bounds(find([1, 1, 0, 0, 0, 0, 0, 1, 1])) == [(0, 2), (7, 9)]


def test_an_unscorable_frame_ends_an_event() -> None:
    assert bounds(find([1, 1, np.nan, 1, 1])) == [(0, 2), (3, 5)]


def test_short_runs_go_after_bridging() -> None:
    assert bounds(find([0, 1, 0, 0])) == []
    assert bounds(find([0, 1, 0, 1, 0])) == [(1, 4)]
    assert bounds(find([0, 1, 1, 0, 0])) == [(1, 3)]


def test_a_score_at_the_threshold_is_normal() -> None:
    assert find([0.5] * 10) == []


def test_seconds_are_exact_at_every_rate() -> None:
    assert bounds(find([0, 1, 1, 1, 1, 1, 0], fps=25)) == [(1, 6)]
    assert bounds(find([0, 1, 1, 1, 1, 0], fps=25)) == []


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, float("nan")]), max_size=60))
def test_events_are_apart_in_order_scorable_and_lose_no_long_run(scores: list[float]) -> None:
    array = np.asarray(scores, np.float32)
    events = find(scores)
    over = array > 0.5
    for event in events:
        run = array[event.start : event.end]
        assert np.isfinite(run).all()
        assert event.end - event.start >= 2
        assert over[event.start]
        assert over[event.end - 1]
        assert event.score == run.max() == array[event.peak]
        assert event.peak_time == event.peak / 10
    assert all(a.end <= b.start for a, b in itertools.pairwise(events))
    inside = np.zeros(len(array), np.bool_)
    for event in events:
        inside[event.start : event.end] = True
    missed = np.flatnonzero(over & ~inside)
    assert not np.any(np.diff(missed) == 1)  # two neighbours over the threshold last 0.2 s: never dropped


def test_the_box_is_that_of_the_oddest_observation_at_the_peak() -> None:
    scored = observations([1, 2, 2, 3], [9.0, 3.0, 4.0, 1.0])
    info = VideoInfo("v", 8, 8, Fraction(10), 5)
    (event,) = find_events(np.array([0, 1, 5, 1, 0], np.float32), scored, info, threshold=0.5, merge=0.5, shortest=0)
    assert event.box == (2.0, 0.0, 3.0, 1.0)
    (event,) = find_events(np.array([0, 0, 0, 0, 5], np.float32), scored, info, threshold=0.5, merge=0.5, shortest=0)
    assert event.box is None


@pytest.mark.parametrize(("about", "span"), [(4, (2, 5)), (1, (1, 3)), (2, (2, 3))])
def test_an_observation_that_covers_the_peak_gives_the_box_wherever_its_frame_is(
    about: int, span: tuple[int, int]
) -> None:
    """A segment may be about a frame after the peak or before it, as far as it covers."""
    one = observations([about], [1.0])
    scored = Scored(replace(one.observations, span=np.array([span])), one.score)
    info = VideoInfo("v", 8, 8, Fraction(10), 5)
    (event,) = find_events(np.array([0, 0, 5, 0, 0], np.float32), scored, info, threshold=1, merge=0, shortest=0)
    assert event.box == (0.0, 0.0, 1.0, 1.0)


@given(st.text(max_size=5), st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_event_is_named_by_its_video_and_peak_alone(video: str, peak: int, other: int) -> None:
    assert event_id(video, peak) == event_id(video, peak)
    assert (event_id(video, peak) == event_id(video, other)) == (peak == other)
    assert event_id(video, peak) != event_id(video + "1", peak)


def test_found_events_carry_their_names() -> None:
    assert [event.id for event in find([0, 1, 2, 0, 0, 0, 0, 0, 0, 2, 1])] == [event_id("v", 2), event_id("v", 9)]


@st.composite
def series(draw: st.DrawFn) -> FloatArray:
    values = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, float("nan")]), max_size=60))
    return np.array(values, np.float32)


def inside(scores: FloatArray, threshold: float, low: float, merge: float = 3, shortest: float = 2) -> BoolArray:
    """(F,) which frames belong to events."""
    marked = np.zeros(len(scores), np.bool_)
    for start, end in event_bounds(scores, threshold, low, merge=merge, shortest=shortest):
        assert not marked[start:end].any()
        marked[start:end] = True
    return marked


@given(series(), st.floats(0, 4), st.floats(0, 4), st.floats(0, 1))
def test_a_higher_threshold_never_adds_a_frame(scores: FloatArray, one: float, other: float, share: float) -> None:
    scoring, (below, above) = Scoring(hysteresis=share), sorted((one, other))
    fewer = inside(scores, above, scoring.low(above, 1.0))
    assert not (fewer & ~inside(scores, below, scoring.low(below, 1.0))).any()


@given(series(), st.floats(0, 4), st.floats(0, 4))
def test_events_begin_over_the_threshold_and_end_at_the_lower_one(scores: FloatArray, one: float, other: float) -> None:
    """One frame after the other, as a live stream would do it: nothing else, also where frames are not scorable."""
    low, threshold = sorted((one, other))
    expected, on = np.zeros(len(scores), np.bool_), False
    for number, score in enumerate(scores):
        on = bool(score > threshold or (on and score > low))
        expected[number] = on
    np.testing.assert_array_equal(inside(scores, threshold, low, merge=0, shortest=0), expected)
    assert np.isfinite(scores[inside(scores, threshold, low)]).all()


def test_a_score_at_a_threshold_neither_begins_an_event_nor_prolongs_it() -> None:
    scores = np.array([0, 3, 2, 0, 0, 2, 4, 2, 1, 0], np.float32)
    assert event_bounds(scores, 3, 1, merge=0, shortest=0).tolist() == [[6, 8]]


def test_hysteresis_bridges_no_frame_that_is_not_scorable() -> None:
    scores = np.array([0, 3, 3, np.nan, 2, 2, 2, 0], np.float32)
    assert event_bounds(scores, 2.5, 1, merge=9, shortest=0).tolist() == [[1, 3]]


def test_an_event_has_the_p_value_of_its_peak() -> None:
    info, scores = VideoInfo("v", 8, 8, Fraction(10), 4), np.array([0, 1, 5, 1], np.float32)
    chances = np.array([0.9, 0.5, 0.25, 0.5], np.float32)
    (event,) = find_events(scores, NOBODY, info, threshold=0.5, merge=0, shortest=0, p_values=chances)
    assert event.p_value == 0.25
    assert find_events(scores, NOBODY, info, threshold=0.5, merge=0, shortest=0)[0].p_value is None
