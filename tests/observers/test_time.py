"""What is seen of a motion does not depend on when the camera happened to take its frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from oddframe.observers.base import Observer
from oddframe.observers.cubes import Cubes
from oddframe.observers.foreground.background import Background
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.observers.foreground.flow_threshold import FlowThreshold
from oddframe.observers.objects import Objects
from oddframe.observers.snippet import Grid, Snippet
from oddframe.observers.tracking import Tracker
from oddframe.observers.tracks import Tracks
from oddframe.testing.observers import observe
from oddframe.testing.recordings import clip_for
from oddframe.testing.scenes import Clip, changing_rate, moving_square
from oddframe.types import Times, VideoInfo, Window

STEADY = changing_rate((30, 150))
FALLING = changing_rate((30, 60), (10, 30))
SHAKEN = Times(Fraction(30), np.arange(150) / 30 + 0.008 * np.sin(np.arange(150)))


def clip(observer: Observer, times: Times) -> Clip:
    return clip_for(observer, times=times, speed=40, width=240, side=24)


def entry(observer: Observer, times: Times, name: str, after: float) -> float:
    """The median of an entry's first value from a moment on: of the square, the thing that moves."""
    seen = observe(observer, clip(observer, times))
    late = times.time[seen.frame] >= after
    if seen.track is not None and observer.medium == "tracks":
        late &= seen.track == 3
    assert late.any()
    return float(seen.data[name].reshape(len(seen), -1)[late, 0].double().median())


@pytest.mark.parametrize("times", [FALLING, SHAKEN])
@pytest.mark.parametrize(
    ("observer", "name"),
    [
        (Objects(embedding=0), "speed"),
        (Objects(embedding=0), "geometry"),
        (Tracks(), "velocity"),
        (Tracks(acceleration=True), "travel"),
    ],
)
def test_a_thing_is_as_fast_and_as_large_whatever_the_rate(observer: Observer, name: str, times: Times) -> None:
    assert entry(observer, times, name, 2.5) == pytest.approx(entry(observer, STEADY, name, 2.5), rel=0.08, abs=0.02)


def test_the_motion_of_a_cube_is_brought_to_the_nominal_step() -> None:
    cubes = Cubes(motion=True, size=8)
    for times in (STEADY, FALLING):
        seen = observe(cubes, moving_square(times=times, speed=120, width=480, side=24))
        late = (times.time[seen.frame] >= 2.2) & (times.time[seen.frame] < 3.6)
        far = seen.data["motion"][late, 2, 0].abs().amax(dim=(1, 2)).double().median()
        assert float(far) == pytest.approx(120 / 30, rel=0.2)


def test_a_flow_threshold_is_one_of_speed() -> None:
    """What is too slow to count at 30 frames a second is too slow at 10, where it comes three times as far a frame."""
    slow = moving_square(times=FALLING, speed=20)
    cubes = Cubes(size=8, foreground=FlowThreshold(magnitude=1.0, smallest=5))
    assert not len(observe(cubes, slow))
    assert len(observe(cubes, moving_square(times=FALLING, speed=60)))


def test_how_long_a_thing_stays_is_told_by_the_clock() -> None:
    def longest(times: Times) -> float:
        made = Objects(embedding=0)
        still = moving_square(times=times, speed=0)
        empty = moving_square(times=times, speed=0, side=1)
        shown = times.time >= 4.0
        frames = tuple(a if here else b for a, b, here in zip(still.frames, empty.frames, shown, strict=True))
        seen = observe(made, Clip(still.info, frames))
        return float(np.expm1(seen.data["dwell"].max().item()))

    steady, falling = changing_rate((30, 300)), changing_rate((30, 150), (10, 50))
    assert longest(steady) == pytest.approx(6.0, abs=0.4)
    assert longest(falling) == pytest.approx(longest(steady), abs=0.3)


def test_a_track_survives_as_many_seconds_at_any_rate() -> None:
    box, still = np.array([0.0, 0.0, 10.0, 10.0]), np.zeros(2)
    for step in (1.0, 3.0):  # nominal frames
        tracker, now = Tracker(overlap=0.2, patience=4, still_patience=30), 0.0
        (first,) = tracker.follow(now, [box], [still])
        for gap, same in ((24.0, True), (36.0, False)):
            end = now + gap
            while now + step < end:
                now += step
                tracker.follow(now, [], [])
            now += step
            (found,) = tracker.follow(now, [box], [still])
            assert (found is first) == same, (step, gap)
            first = found


def test_a_track_outlives_one_missed_frame_however_slow_the_camera() -> None:
    box, moving = np.array([0.0, 0.0, 10.0, 10.0]), np.array([1.0, 0.0])
    tracker = Tracker(overlap=0.2, patience=2, still_patience=2)
    (first,) = tracker.follow(0.0, [box], [moving])
    tracker.follow(5.0, [], [])
    (second,) = tracker.follow(10.0, [box + np.tile([10.0, 0.0], 2)], [moving])
    assert second is first


def test_the_background_is_learnt_in_so_many_seconds() -> None:
    def learnt(times: Times) -> float:
        background = Background(times.fps)
        for time, position in zip(times.time, times.position, strict=True):
            if background.difference(np.full((20, 20), 90, np.uint8), float(position)) is not None:
                return float(time)
        raise AssertionError("never")

    assert learnt(changing_rate((30, 300))) == pytest.approx(2.83, abs=0.05)
    assert learnt(changing_rate((30, 30), (10, 100))) == pytest.approx(2.9, abs=0.25)


def test_flow_reaches_back_by_the_clock() -> None:
    recent = RecentFlow(None, 6)
    positions = [0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 9.4]
    found = []
    for number, position in enumerate(positions):
        recent.push(np.full((20, 20, 3), number, np.uint8), position)
        grey = recent.grey(2)
        found.append(None if grey is None else int(grey[0, 0]))
    assert found == [None, None, 0, 1, 3, 4, 4]
    assert recent.elapsed(2) == pytest.approx(3.4)


def test_snippets_last_as_long_at_any_rate() -> None:
    snippet = Snippet(seconds=1.0, stride=0.5)
    window = snippet.window(VideoInfo("v", 8, 8, Fraction(30)))
    assert (window.length, window.stride, window.measure) == (30, 15, "grid")
    assert Snippet(length=32, step=8).window(VideoInfo("v", 8, 8, Fraction(30))).measure == "frames"


@pytest.mark.parametrize("times", [changing_rate((30, 200)), changing_rate((30, 100), (7, 50), (30, 60)), SHAKEN])
@pytest.mark.parametrize("window", [Window(30, 15, about=15, measure="grid"), Window(8, 20, about=4, measure="grid")])
def test_snippets_lie_where_scoring_expects_them(times: Times, window: Window) -> None:
    grid, placed = Grid(window, [0, 9, 20, 29] if window.length == 30 else [0, 7]), []
    for position in times.position.tolist():
        placed += grid.push(position)[1]
    expected = window.over(times)
    assert [one.about for one in placed] == expected.about.tolist()
    assert [one.members[0] for one in placed] == expected.first.tolist()
    assert [one.last for one in placed] == expected.last.tolist()
    assert [one.begin for one in placed] == expected.begin.tolist()


def test_a_recording_that_is_shown_faster_is_another_one() -> None:
    """The same pictures at half the nominal rate are half as fast: times count, not numbers of frames."""
    made = Objects(embedding=0)
    fast = moving_square(fps=20, seconds=6, speed=40, width=240, side=24)
    half = Clip(replace(fast.info, fps=Fraction(10)), tuple(replace(f, time=2 * f.time) for f in fast.frames))
    seen = [observe(made, one) for one in (fast, half)]
    speeds = [float(some.data["speed"].median().exp()) - 0.05 for some in seen]
    assert speeds[0] == pytest.approx(2 * speeds[1], rel=0.1)
