"""Scores, events and thresholds follow time: a change of rate moves nothing, and nothing crosses a hole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.scoring import EventPeaks, Scoring, Smoothing, anomaly_map, find_events, make_timeline
from oddframe.testing.scenes import changing_rate
from oddframe.types import BoolArray, FloatArray, Scored, Timeline, Times, VideoInfo, Window
from tests.scoring.cases import even, observations

KINDS = ["gaussian", "causal", "average"]
FALLING = changing_rate((30, 300), (10, 100))


def info(times: Times, name: str = "v") -> VideoInfo:
    return VideoInfo(name, 8, 8, times.fps).counted(len(times), times)


def bump(times: Times, middle: float = 15.0, width: float = 1.0) -> FloatArray:
    """(F,) scores that are high around a moment, whatever the frame rate there."""
    return np.exp(-0.5 * ((times.time - middle) / width) ** 2).astype(np.float32)


@st.composite
def clocks(draw: st.DrawFn) -> Times:
    """Any times: rates that change, jitter, holes."""
    steps = draw(st.lists(st.sampled_from([0.2, 0.5, 1.0, 1.3, 3.0]), max_size=40))
    time = np.cumsum([0.0, *steps]) / 10
    cuts = sorted(draw(st.sets(st.integers(1, max(len(time) - 1, 1)), max_size=3)))
    starts = [0, *(cut for cut in cuts if cut < len(time))]
    for start in starts[1:]:
        time[start:] += 60.0
    return Times(Fraction(10), time, tuple(starts))


def alone(times: Times, start: int, stop: int) -> Times:
    """A part as a video of its own."""
    return Times(times.fps, times.time[start:stop] - times.time[start])


@pytest.mark.parametrize("kind", KINDS)
def test_smoothing_means_the_same_at_any_rate(kind: str) -> None:
    smoothing = Smoothing(kind)  # type: ignore[arg-type]
    for middle in (3.0, 10.0, 15.0):
        fine = changing_rate((120, 2400))
        exact = smoothing.array(bump(fine, middle), np.ones(len(fine), np.bool_), 120.0, fine)
        found = smoothing.array(bump(FALLING, middle), np.ones(len(FALLING), np.bool_), 30.0, FALLING)
        expected = np.interp(FALLING.time, fine.time, exact)
        np.testing.assert_allclose(found[30:-10], expected[30:-10], atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 60), st.integers(0, 9))
def test_at_a_constant_rate_time_and_frames_smooth_alike(kind: str, frames: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, valid = random.normal(size=frames).astype(np.float32), random.random(frames) < 0.8
    smoothing = Smoothing(kind, 0.3)  # type: ignore[arg-type]
    shaken = Times(Fraction(25), even(frames).time + 1e-7 * (np.arange(frames) % 2))  # not even, to the letter
    np.testing.assert_allclose(
        smoothing.array(scores, valid, 25.0, shaken), smoothing.array(scores, valid, 25.0), atol=1e-3
    )


@given(clocks(), st.sampled_from(["causal", "none"]), st.floats(0, 2), st.integers(0, 9))
def test_a_live_stream_smooths_as_a_whole_video_does(times: Times, kind: str, width: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, valid = random.normal(size=len(times)).astype(np.float32), random.random(len(times)) < 0.8
    smoothing = Smoothing(kind, width)  # type: ignore[arg-type]
    stream = smoothing.stream(10.0)
    live = [
        stream.push(float(scores[n]), bool(valid[n]), float(times.position[n]), hole=n in times.starts)
        for n in range(len(times))
    ]
    uneven = smoothing.array(scores, valid, 10.0, times)
    np.testing.assert_allclose(np.array(live, np.float32), uneven, rtol=1e-6, atol=1e-6)


@given(clocks(), st.sampled_from(KINDS), st.sampled_from(["seconds", "frames"]), st.integers(0, 9))
def test_smoothing_crosses_no_hole(times: Times, kind: str, unit: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, valid = random.normal(size=len(times)).astype(np.float32), random.random(len(times)) < 0.8
    smoothing = Smoothing(kind, 0.5 if unit == "seconds" else 4, unit)  # type: ignore[arg-type]
    whole = smoothing.array(scores, valid, 10.0, times)
    for start, stop in times.parts():
        part = smoothing.array(scores[start:stop], valid[start:stop], 10.0, alone(times, start, stop))
        np.testing.assert_allclose(whole[start:stop], part, rtol=1e-6)


@given(clocks(), st.floats(0, 3), st.integers(0, 9))
def test_a_timeline_with_holes_is_those_of_its_parts(times: Times, threshold: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    score = random.exponential(size=len(times)).astype(np.float32)
    scored, window, scoring = observations(np.arange(len(times)), score), Window(3, about=1), Scoring()
    whole = make_timeline(scored, info(times), window, scoring, floor=0.0, threshold=threshold, low=threshold / 2)
    for start, stop in times.parts():
        rows = observations(np.arange(stop - start), score[start:stop])
        clock = alone(times, start, stop)
        part = make_timeline(rows, info(clock), window, scoring, floor=0.0, threshold=threshold, low=threshold / 2)
        np.testing.assert_allclose(whole.scores[start:stop], part.scores, rtol=1e-6)
        np.testing.assert_array_equal(whole.valid[start:stop], part.valid)
        mine = [event for event in whole.events if start <= event.start < stop]
        assert [(e.start - start, e.end - start, e.peak - start) for e in mine] == [
            (e.start, e.end, e.peak) for e in part.events
        ]
        for here, there in zip(mine, part.events, strict=True):
            assert here.end_time - here.start_time == pytest.approx(there.end_time - there.start_time)


def test_an_event_has_the_times_of_its_frames() -> None:
    scores = bump(FALLING)
    (event,) = find_events(scores, observations([], []), info(FALLING), threshold=0.5, merge=0.5, shortest=0.2)
    assert event.peak_time == pytest.approx(15.0, abs=0.01)
    assert (event.start_time, event.end_time) == pytest.approx((15 - 1.18, 15 + 1.18), abs=0.11)


def test_short_events_and_gaps_are_measured_in_seconds() -> None:
    """At 10 frames a second two frames last 0.2 s; at the nominal 30 they would not."""
    scores = np.zeros(400, np.float32)
    scores[[40, 41, 340, 341, 345, 346]] = 1
    found = find_events(scores, observations([], []), info(FALLING), threshold=0.5, merge=0.25, shortest=0.15)
    assert [(event.start, event.end) for event in found] == [(340, 342), (345, 347)]
    bridged = find_events(scores, observations([], []), info(FALLING), threshold=0.5, merge=0.35, shortest=0.15)
    assert [(event.start, event.end) for event in bridged] == [(340, 347)]


def test_an_event_that_reaches_a_hole_ends_with_the_recording() -> None:
    times = Times(Fraction(10), np.concatenate([np.arange(20), 600 + np.arange(20)]) / 10, (0, 20))
    scores = np.ones(40, np.float32)
    first, second = find_events(scores, observations([], []), info(times), threshold=0.5, merge=99.0, shortest=0.2)
    assert (first.start_time, first.end_time, second.start_time, second.end_time) == pytest.approx((0, 2, 60, 62))


def timeline(times: Times, scores: FloatArray, name: str) -> Timeline:
    return Timeline(info(times, name), scores, np.isfinite(scores), observations([], []))


def test_false_alarms_are_counted_an_hour_of_recorded_time() -> None:
    holed = Times(Fraction(10), np.concatenate([np.arange(300), 9000 + np.arange(300)]) / 10, (0, 300))
    scoring = Scoring(merge=0.0, shortest=0.0, hysteresis=0.0)
    for times, seconds in ((FALLING, 20.0), (holed, 60.0), (even(500), 20.0)):
        scores = np.zeros(len(times), np.float32)
        scores[50:53] = 1
        peaks = EventPeaks.count([timeline(times, scores, "v"), timeline(even(100), scores[:100], "w")], scoring, 0.0)
        assert peaks.hours * 3600 == pytest.approx(seconds + 4.0)
        assert peaks.over(0.5).sum() == 2


def test_a_map_is_smoothed_over_the_frames_of_a_fifth_of_a_second() -> None:
    seen = observations(np.arange(400), np.arange(400, dtype=np.float32))
    boxes = np.tile(np.array([0, 0, 8, 8], np.float32), (400, 1))
    scored = Scored(replace(seen.observations, box=boxes), seen.score)
    whole: BoolArray = np.ones(400, np.bool_)
    made = Timeline(info(FALLING), seen.score, whole, scored)
    fast, slow = (float(anomaly_map(made, frame, floor=0.0)[4, 4]) for frame in (150, 350))
    assert (fast, slow) == pytest.approx((150, 350), abs=0.01)
    near = dict(Smoothing("average", 0.2).near(350, 30.0, 400, FALLING))
    assert set(near) == {349, 350, 351}
    assert len(dict(Smoothing("average", 0.2).near(150, 30.0, 400, FALLING))) == 7
