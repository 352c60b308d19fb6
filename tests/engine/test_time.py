"""From video to corrections by time: whatever the rate does, and on both sides of a hole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oddframe.cache.cache import ObservationCache
from oddframe.cache.description import DamagedEntry
from oddframe.cache.entry import Entry
from oddframe.engine import Detector
from oddframe.engine.correct import Stretch
from oddframe.engine.discover import Spacing, ranked
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.recalled import ERROR, RecalledTimes
from oddframe.engine.score import PartsScoring, judge_source, judge_video
from oddframe.errors import SettingsError
from oddframe.models.base import ScoringStream
from oddframe.models.knn import KNN
from oddframe.observers.base import Observer
from oddframe.observers.cubes import Cubes
from oddframe.observers.objects import Objects
from oddframe.observers.snippet import Snippet
from oddframe.testing.scenes import changing_rate, moving_square
from oddframe.types import Observations, Run, Scored, Timeline, Times, VideoInfo
from oddframe.video.array import ArrayVideo
from oddframe.video.health import CameraHealth
from tests.engine.fakes import Nearest
from tests.scoring.cases import observations


def holed(*lengths: int, rate: int = 10) -> Times:
    """Parts of so many frames, a minute of hole after each."""
    clocks = [60.0 * number + np.arange(length) / rate for number, length in enumerate(lengths)]
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    return Times(Fraction(rate), np.concatenate(clocks), tuple(starts))


def recorded(times: Times, name: str = "v", speed: float = 18.0, dark: Sequence[int] = ()) -> ArrayVideo:
    """The moving square at these times; `dark` frames show nothing."""
    images = [frame.image for frame in moving_square(times=times, speed=speed).frames]
    for number in dark:
        images[number] = np.zeros_like(images[number])
    return ArrayVideo(images, fps=times.fps, name=name, times=times.time.tolist())


OBSERVERS: dict[str, Observer] = {
    "objects": Objects(embedding=0),
    "cubes": Cubes(size=8),
    "snippet": Snippet(seconds=0.8, stride=0.3),
}


class Mean(Nearest):
    """Scores a cube by its mean."""

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        return MeanStream()


class MeanStream(ScoringStream):
    def push(self, observations: Observations) -> Scored:
        pixels = observations.data.get("appearance", torch.zeros(0, 1))
        return Scored(observations.columns(), pixels.flatten(1).double().mean(1).numpy())

    def close(self) -> Scored:
        return Scored(Observations.none("v"), np.zeros(0, np.float32))


@pytest.mark.parametrize("name", OBSERVERS)
@pytest.mark.parametrize(
    "times", [changing_rate((25, 60), (6, 20), (25, 20)), holed(40, 30, 3, 25)], ids=["rate", "holes"]
)
def test_live_and_cached_video_score_alike(name: str, times: Times, tmp_path: Path) -> None:
    """Also around frames that show nothing, which observations before and after them must not have seen."""
    watching = Watching(OBSERVERS[name], None, CameraHealth(settle=0.2))
    clip = recorded(times, dark=range(62, 66))
    with ObservationCache(tmp_path) as cache:
        source = observed([clip], watching, cache)
        (info,) = source.videos()
        model = Mean() if name == "cubes" else KNN().train(source).absorb(source)
        kept = judge_source(source, info, model)
        live = judge_video(recorded(times, dark=range(62, 66)), watching, model)
    assert kept.info == live.info
    assert info.times is not None
    np.testing.assert_allclose(info.times.time, times.time, atol=1e-9)
    assert kept.reasons == live.reasons != ()
    np.testing.assert_array_equal(kept.scored.observations.frame, live.scored.observations.frame)
    np.testing.assert_array_equal(kept.scored.score, live.scored.score)


def test_times_lie_in_the_cache_and_are_checked(tmp_path: Path) -> None:
    times = holed(40, 30)
    watching = Watching(OBSERVERS["objects"], None, CameraHealth())
    with ObservationCache(tmp_path) as cache:
        observed([recorded(times)], watching, cache)
        (folder,) = (tmp_path / "entries").iterdir()
        assert Entry.load(folder).times == times
        file = next(folder.glob("time*.npy"))
        array = np.load(file)
        array[3] = 9e9
        np.save(file, array)
        with pytest.raises(DamagedEntry):
            Entry.load(folder)
        (info,) = observed([recorded(times)], watching, cache).videos()
    assert info.times == times


class Counting(ScoringStream):
    """Scores a row by how many its stream has seen."""

    opened: ClassVar[int] = 0

    def __init__(self) -> None:
        type(self).opened += 1
        self._seen = 0

    def push(self, observations: Observations) -> Scored:
        score = self._seen + np.arange(len(observations))
        self._seen += len(observations)
        return Scored(observations.columns(), score.astype(np.float32))

    def close(self) -> Scored:
        return Scored(Observations.none("v"), np.zeros(0, np.float32))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.sets(st.integers(1, 29)))
def test_each_part_is_scored_by_a_stream_of_its_own_however_rows_come(lengths: list[int], cuts: set[int]) -> None:
    starts, frames = np.cumsum([0, *lengths[:-1]]).tolist(), sum(lengths)
    rows = observations(np.repeat(np.arange(frames), 2), np.zeros(2 * frames)).observations
    stream = PartsScoring(Counting, starts)
    found, edges = [], sorted({0, *(cut for cut in cuts if cut < frames), frames})
    for first, stop in pairwise(edges):
        part = rows.select(slice(2 * first, 2 * stop))
        found.append(stream.push(replace(part, through=stop)))
    found.append(stream.close())
    expected = np.concatenate([np.arange(2 * length) for length in lengths])
    np.testing.assert_array_equal(Scored.concatenate(found).score, expected)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    normal = [recorded(changing_rate((30, 180)), f"n{number}", speed=18.0 + number) for number in range(2)]
    cache = tmp_path_factory.mktemp("cache")
    settings = {"observer.embedding": 0, "scoring.alarm_rate": 0.05}
    made = Detector("knn", settings=settings).fit([*normal, recorded(holed(60, 60), "h")], cache=cache)
    made.save(cache / "gate.oddframe")
    return Detector.load(cache / "gate.oddframe")


def fast_from(times: Times, start: float, stop: float) -> ArrayVideo:
    """The square is four times as fast between two moments."""
    usual, fast = (moving_square(times=times, speed=speed).frames for speed in (18.0, 72.0))
    images = [b.image if start <= a.time < stop else a.image for a, b in zip(usual, fast, strict=True)]
    return ArrayVideo(images, fps=times.fps, name="today", times=times.time.tolist())


FALLING = changing_rate((30, 120), (10, 60))


def test_a_rate_that_falls_makes_nothing_anomalous_and_moves_no_event(gate: Detector, tmp_path: Path) -> None:
    calm = gate.score(recorded(FALLING, "calm"), cache=tmp_path)
    assert calm.threshold is not None
    assert (calm.scores > calm.threshold).mean() < 0.1
    timeline = gate.score(fast_from(FALLING, 6.0, 8.0), cache=tmp_path)
    worst = max(timeline.events, key=lambda event: event.score)
    assert 5.9 <= worst.peak_time <= 8.3
    assert timeline.to_dict()["times"] == np.round(FALLING.time, 6).tolist()


def test_what_is_taught_is_named_by_the_times_that_a_player_shows(gate: Detector, tmp_path: Path) -> None:
    clip = fast_from(FALLING, 6.0, 8.0)
    told = gate.teach(clip, 5.7, 8.6, cache=tmp_path)
    assert told.stretch.info.times is not None
    shown = told.stretch.info.times.time[told.observations.frame]
    assert 5.7 - 0.1 <= shown.min() <= shown.max() <= 8.6
    assert str(told.stretch) == "today, 5.7 to 8.6 s"
    assert gate.forget("today").moments == 1


def test_a_stretch_holds_the_frames_that_are_shown_in_it() -> None:
    info = VideoInfo("v", 8, 8, Fraction(30)).counted(180, FALLING)
    assert (Stretch.between(info, 1.0, 2.0).first, Stretch.between(info, 1.0, 2.0).stop) == (30, 60)
    assert (Stretch.between(info, 5.0, 6.05).first, Stretch.between(info, 5.0, 6.05).stop) == (130, 141)
    assert Stretch.at(info, 5.05).first == 130
    with pytest.raises(SettingsError, match=r"lasts 10\.000 s"):
        Stretch.between(info, 11.0, 12.0)


def test_a_stretch_within_a_hole_is_refused_and_says_where_the_hole_is() -> None:
    info = VideoInfo("v", 8, 8, Fraction(10)).counted(40, holed(20, 20))
    with pytest.raises(SettingsError, match="a hole in the recording, from 2 to 60 s"):
        Stretch.between(info, 10.0, 20.0)
    across = Stretch.between(info, 1.0, 61.0)
    assert (across.first, across.stop) == (10, 30)
    assert str(across) == "v, 1 to 61 s"


def test_explanations_name_the_time_of_a_normal_moment_after_a_hole(gate: Detector, tmp_path: Path) -> None:
    why = gate.explain(recorded(holed(60, 60), "again"), 62.0, cache=tmp_path)
    assert why is not None
    assert why.times["h"].seconds(100) == pytest.approx(64.0)
    assert why.times["n0"].seconds(100) == pytest.approx(100 / 30)
    assert gate.fitted_on.seconds == pytest.approx(2 * 6 + 12)


@given(st.lists(st.sampled_from([1 / 30, 0.034, 0.1, 1.0, 30.0]), min_size=1, max_size=200))
def test_remembered_times_are_right_to_a_fiftieth_of_a_second(steps: list[float]) -> None:
    time = np.cumsum([0.0, *steps])
    starts = [0, *(np.flatnonzero(np.array(steps) > 2) + 1).tolist()]
    info = VideoInfo("v", 8, 8, Fraction(30)).counted(len(time), Times(Fraction(30), time, tuple(starts)))
    known = RecalledTimes.of(info)
    assert max(abs(known.seconds(frame) - time[frame]) for frame in range(len(time))) <= ERROR + 1e-6
    assert json.loads(json.dumps(known.knots)) == [list(knot) for knot in known.knots]


def test_a_long_video_of_two_rates_is_remembered_by_few_numbers() -> None:
    times = changing_rate((30, 50_000), (10, 20_000))
    assert len(RecalledTimes.of(VideoInfo("v", 8, 8, Fraction(30)).counted(70_000, times)).knots) < 8


def test_moments_of_a_pile_are_apart_in_seconds_and_on_one_side_of_a_hole() -> None:
    times = Times(
        Fraction(10), np.concatenate([np.arange(50) / 10, 5 + np.arange(50), 600 + np.arange(50) / 10]), (0, 100)
    )
    scores = np.zeros(150, np.float32)
    scores[[40, 60, 63, 99, 100]] = [5, 4, 3, 6, 2]
    seen = observations(np.arange(150), scores)
    one = Timeline(VideoInfo("v", 8, 8, Fraction(10)).counted(150, times), scores, np.ones(150, np.bool_), seen)
    peaks = [{moment.event.peak for moment in ranked([one], 10, Spacing(apart=apart))} for apart in (2.5, 4.0)]
    assert peaks[0] == {40, 60, 63, 99, 100}  # 63 comes 3 s after 60, and 100 lies on the other side of the hole
    assert peaks[1] == {40, 60, 99, 100}
