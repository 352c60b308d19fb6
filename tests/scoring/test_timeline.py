"""From scored observations to a timeline, in one call."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from oddframe.errors import DataError, SettingsError
from oddframe.scoring import Scoring, Smoothing, make_timeline
from oddframe.types import Timeline, VideoInfo, Window
from tests.scoring.cases import Case, cases, observations, scored

RAW = Scoring(smoothing=Smoothing("none"))


def info(frames: int | None, fps: int = 10) -> VideoInfo:
    return VideoInfo("v", 8, 8, Fraction(fps), frames)


@given(cases())
def test_any_video_gives_a_sound_timeline(case: Case) -> None:
    for scoring in (Scoring(), Scoring(edges="zero"), RAW):
        made = make_timeline(
            scored(case), info(case.frames), case.window, scoring, floor=-7, threshold=0, reasons=case.reasons
        )
        unscorable = np.zeros(case.frames, np.bool_)
        for start, stop, word in made.reasons:
            assert word
            assert not unscorable[start:stop].any()
            unscorable[start:stop] = True
        np.testing.assert_array_equal(made.valid, ~unscorable)
        assert len(made.scored) <= len(case.frame)


def test_the_papers_edges_are_zero_after_smoothing() -> None:
    rows = observations(range(4, 16), np.full(12, 100.0))
    scoring = Scoring(edges="zero")
    made = make_timeline(rows, info(20), Window(9, about=4), scoring, floor=0)
    np.testing.assert_allclose(made.scores, [0] * 4 + [100] * 12 + [0] * 4, rtol=1e-6)


def test_left_out_observations_are_not_behind_the_frames() -> None:
    rows = observations([0, 1, 2], [1.0, 9.0, 1.0])
    made = make_timeline(rows, info(3), Window(1), RAW, floor=0, threshold=2, reasons=((1, 2, "dark"),))
    assert made.scored.observations.frame.tolist() == [0, 2]
    assert made.events == ()


def test_events_need_a_threshold() -> None:
    rows = observations(range(10), np.arange(10.0))

    def at(threshold: float | None) -> Timeline:
        return make_timeline(rows, info(10), Window(1), RAW, floor=0, threshold=threshold)

    assert at(None).events == ()
    assert [(e.start, e.end, e.peak) for e in at(4.5).events] == [(5, 10, 9)]


def test_an_uncounted_video_is_refused() -> None:
    with pytest.raises(DataError, match="counted"):
        make_timeline(observations([], []), info(None), Window(1), RAW, floor=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"edges": "wrap"},
        {"alarm_rate": 0.0},
        {"alarm_rate": 1.0},
        {"merge": -1.0},
        {"false_alarms_per_hour": 0.0},
        {"hysteresis": 1.5},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Scoring(**wrong)  # type: ignore[arg-type]
