"""Events: runs over the threshold, bridged and pruned in seconds, never through a stretch nobody could judge."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oddframe.scoring import find_events
from oddframe.types import Event, FloatArray, VideoInfo, event_id
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


@given(st.text(max_size=5), st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_event_is_named_by_its_video_and_peak_alone(video: str, peak: int, other: int) -> None:
    assert event_id(video, peak) == event_id(video, peak)
    assert (event_id(video, peak) == event_id(video, other)) == (peak == other)
    assert event_id(video, peak) != event_id(video + "1", peak)


def test_found_events_carry_their_names() -> None:
    assert [event.id for event in find([0, 1, 2, 0, 0, 0, 0, 0, 0, 2, 1])] == [event_id("v", 2), event_id("v", 9)]
