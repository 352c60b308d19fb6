"""At a threshold: alarms, delays, precision and recall equal counting frame by frame."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.operating import false_alarms_per_hour, operating_point

FRAME = st.tuples(st.integers(0, 2), st.booleans())
VIDEOS = st.lists(st.lists(FRAME, max_size=15), min_size=1, max_size=4)


def counted_false_alarms(frames: list[tuple[int, bool]], threshold: float) -> int:
    runs = itertools.groupby(frames, key=lambda frame: frame[0] > threshold)
    return sum(over and not any(odd for _, odd in run) for over, run in runs)


def counted_delays(frames: list[tuple[int, bool]], threshold: float, fps: int) -> list[float | None]:
    delays: list[float | None] = []
    for odd, run in itertools.groupby(frames, key=lambda frame: frame[1]):
        over = [score > threshold for score, _ in run]
        if odd:
            delays.append(over.index(True) / fps if True in over else None)
    return delays


@given(VIDEOS, st.sampled_from([-1.0, 0.5, 1.0, 2.0]), st.sampled_from([1, 25]))
def test_every_figure_is_what_counting_gives(videos: Any, threshold: float, fps: int) -> None:
    frames = [frame for video in videos for frame in video]
    assume(len({odd for _, odd in frames}) == 2)
    point = operating_point([[s for s, _ in v] for v in videos], [[x for _, x in v] for v in videos], threshold, fps)
    flagged = [odd for score, odd in frames if score > threshold]
    normal = sum(not odd for _, odd in frames)
    false_alarms = sum(counted_false_alarms(video, threshold) for video in videos)
    assert point.false_alarms_per_hour == pytest.approx(false_alarms * 3600 * fps / normal)
    assert point.false_positive_rate == pytest.approx(flagged.count(False) / normal)
    assert point.precision == (flagged.count(True) / len(flagged) if flagged else None)
    assert point.recall == pytest.approx(flagged.count(True) / (len(frames) - normal))
    assert point.delays == tuple(delay for video in videos for delay in counted_delays(video, threshold, fps))


@given(VIDEOS, st.sampled_from([-1.0, 0.5, 1.0]))
def test_runs_of_flagged_frames_given_as_alarms_change_nothing(videos: Any, threshold: float) -> None:
    scores, labels = ([[frame[part] for frame in video] for video in videos] for part in (0, 1))
    assume(len({odd for video in labels for odd in video}) == 2)
    runs = [
        np.flatnonzero(np.diff(np.greater(v, threshold), prepend=False, append=False)).reshape(-1, 2) for v in scores
    ]
    given_them = operating_point(scores, labels, threshold, 5, alarms=runs)
    assert given_them == operating_point(scores, labels, threshold, 5)


def test_alarms_that_somebody_makes_count_and_frames_stay_frames() -> None:
    """Frames 1 to 3 and 5 flagged: the alarm outlasts them, and nobody made one of frame 5."""
    scores, labels = [[0, 9, 9, 9, 0, 9, 0, 0]], [[0, 0, 0, 0, 1, 1, 0, 1]]
    point = operating_point(scores, labels, 3.0, 2, alarms=[[(2, 5)]])
    assert (point.false_alarms_per_hour, point.delays) == (0, (0.0, None))
    assert (point.recall, point.precision, point.false_positive_rate) == (1 / 3, 1 / 4, 3 / 5)
    two = operating_point(scores, labels, 3.0, 2, alarms=[[(0, 2), (5, 6)]])
    assert (two.false_alarms_per_hour, two.delays) == (1440, (0.5, None))


@pytest.mark.parametrize(
    ("alarms", "says"),
    [
        ([], "one row a video, 1, not 0"),
        ([[(1, 3)]], "within its 2"),
        ([[(1, 2), (0, 1)]], "in order"),
        ([[(-1, 1)]], "within"),
    ],
)
def test_alarms_that_cannot_be_are_refused(alarms: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        operating_point([[0, 1]], [[0, 1]], 0.5, 1, alarms=alarms)


def test_an_example_by_hand() -> None:
    """Ten normal frames at 2 a second: one alarm apart from two stretches, one of them found late, one missed."""
    scores = [[0, 9, 9, 0, 0, 1, 9, 9, 0], [0, 1, 1, 0, 0, 0]]
    labels = [[0, 0, 0, 0, 1, 1, 1, 0, 0], [0, 1, 1, 0, 0, 0]]
    point = operating_point(scores, labels, 3.0, Fraction(2))
    assert point.false_alarms_per_hour == 720.0  # one in five seconds; the alarm that outlasts its stretch is not false
    assert point.delays == (1.0, None)
    assert (point.missed, point.mean_delay) == (1, 1.0)
    assert (point.precision, point.recall, point.false_positive_rate) == (0.25, 0.2, 0.3)


def test_nothing_flagged_is_all_missed_and_has_no_precision() -> None:
    point = operating_point([[0, 1, 0, 1]], [[0, 1, 0, 1]], 1, 25)
    assert (point.false_alarms_per_hour, point.recall, point.false_positive_rate) == (0, 0, 0)
    assert (point.precision, point.missed, point.mean_delay) == (None, 2, None)


def test_an_alarm_ends_with_its_video() -> None:
    """The first video ends over the threshold and the next begins over it: two alarms, not one."""
    assert false_alarms_per_hour([[0, 5], [5, 0]], [[0, 0], [0, 0]], 1, 1) == 1800
    assert operating_point([[0, 0], [5, 0]], [[0, 1], [1, 0]], 1, 1).delays == (None, 0.0)


def test_an_alarm_that_never_ends_shows_in_the_false_positive_rate() -> None:
    point = operating_point([[9] * 10], [[0] * 8 + [1] * 2], 1, 1)
    assert (point.false_alarms_per_hour, point.missed, point.false_positive_rate, point.precision) == (0, 0, 1, 0.2)


def test_frames_without_a_score_raise_no_alarm() -> None:
    assert operating_point([[5, -np.inf, 5, -np.inf]], [[0, 0, 0, 1]], -1e9, 1).false_alarms_per_hour == 2400


FIGURES: list[Any] = [operating_point, false_alarms_per_hour]


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("scores", "labels", "says"),
    [
        ([[0.1, 0.2]], [[1, 1]], "undefined: only one class, no normal frame: .* need normal video"),
        ([], [], "one entry a video"),
        ([[0.1], [np.nan]], [[0], [1]], "video 1: score of frame 0 is NaN: .* the score -inf"),
        ([[0.1, 0.2], [0.1]], [[0, 1], [0, 1]], "video 1: .* one length"),
        ([[0.1, 0.2]], [[0, 2]], "video 0: labels must be 0 or 1"),
    ],
)
def test_what_has_no_answer_gets_none(figure: Any, scores: Any, labels: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        figure(scores, labels, 0.5, 25)


def test_normal_video_alone_has_false_alarms_and_nothing_else() -> None:
    assert false_alarms_per_hour([[0, 1]], [[0, 0]], 0.5, 1) == 1800
    with pytest.raises(DataError, match=r"only one class, no anomalous frame: .* ask for false_alarms_per_hour"):
        operating_point([[0, 1]], [[0, 0]], 0.5, 1)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("threshold", "fps", "says"),
    [(np.nan, 25, "threshold must"), (1, 0, "fps must"), (1, -1, "fps must"), (1, np.nan, "fps must")],
)
def test_settings_out_of_range_are_refused_by_name(figure: Any, threshold: float, fps: float, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        figure([[0, 1]], [[0, 1]], threshold, fps)
