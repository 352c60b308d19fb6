"""Clocks: what timestamps say is kept, and what they cannot mean is mended and said."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.types import Times, VideoInfo
from oddframe.video.clock import Clock, TimeLog, flaws_in_words, typical_rate

Stamps = Sequence[float | None]


def read(stamps: Stamps, fps: Fraction | int = 25, tick: float = 0.0, *, ahead: bool = False) -> tuple[Clock, Times]:
    """All of a recording's timestamps, with a look at the next one where `ahead` says so."""
    clock = Clock(Fraction(fps), tick)
    following = [*stamps[1:], None] if ahead else [None] * len(stamps)
    log = TimeLog(Fraction(fps))
    for stamp, after in zip(stamps, following, strict=True):
        log.add(*clock.read(stamp, after))
    return clock, log.of(VideoInfo("v", 8, 8, Fraction(fps))).frame_times()


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(12), Fraction(1, 10)])
@pytest.mark.parametrize("tick", [0.001, 1 / 90000])
def test_a_constant_rate_is_exact_whatever_the_containers_ticks(fps: Fraction, tick: float) -> None:
    exact = [7 + float(number / fps) for number in range(300)]
    stamps: Stamps = [round(time / tick) * tick for time in exact]
    clock, times = read(stamps, fps, tick)
    assert times == Times.even(300, fps)
    assert not clock.flaws


def test_a_dropped_frame_shows_even_where_a_tick_is_a_frame() -> None:
    _, times = read([0.0, 0.1, 0.2, 0.4, 0.5], 10, tick=0.1)
    assert times.time.tolist() == pytest.approx([0, 0.1, 0.2, 0.4, 0.5])


@given(st.lists(st.floats(0.001, 1.9), max_size=60), st.floats(-1e4, 1e4), st.booleans())
def test_times_that_ascend_without_holes_are_kept(steps: list[float], begin: float, ahead: bool) -> None:
    stamps = (begin + np.cumsum([0.0, *steps])).tolist()
    clock, times = read(stamps, ahead=ahead)
    np.testing.assert_allclose(times.time, np.array(stamps) - stamps[0], atol=1e-6)
    assert times.starts == (0,)
    assert not clock.flaws


@given(st.lists(st.one_of(st.none(), st.floats(-1e5, 1e5)), min_size=1, max_size=60), st.booleans())
def test_whatever_the_stamps_times_ascend_from_0(stamps: Stamps, ahead: bool) -> None:
    _, times = read(stamps, ahead=ahead)  # `Times` refuses those that do not ascend
    assert len(times) == len(stamps)
    assert times.time[0] == 0.0


def test_a_hole_begins_a_part_and_a_slow_camera_has_none() -> None:
    _, times = read([n / 25 for n in range(50)] + [70 + n / 25 for n in range(50)])
    assert times.starts == (0, 50)
    assert times.begin(50) == pytest.approx(70.0)
    assert times.end(50) == pytest.approx(2.0)
    assert times.seconds == pytest.approx(4.0)
    for slow in (1, Fraction(1, 10)):
        _, times = read([float(n / Fraction(slow)) for n in range(20)], slow)
        assert times.starts == (0,)


def test_a_rate_that_falls_by_a_factor_of_30_is_no_hole() -> None:
    _, times = read([n / 30 for n in range(60)] + [2.0 + n for n in range(30)], 30)
    assert times.starts == (0,)
    assert times.end(90) == pytest.approx(32.0)


def test_a_camera_that_slows_down_for_good_has_holes_only_until_that_is_clear() -> None:
    _, times = read([n / 25 for n in range(50)] + [2.0 + 30 * n for n in range(1, 40)])
    assert 1 < len(times.starts) < 12
    assert times.starts[-1] < 62


def test_a_clock_that_restarts_goes_on_from_there() -> None:
    clock, times = read([n / 25 for n in range(100)] + [n / 25 for n in range(100)])
    assert times == Times.even(200, Fraction(25))
    assert flaws_in_words(clock.flaws) == "its clock goes back at 4.00 s (frame 100)"


def test_a_clock_that_stands_still_goes_on_and_is_believed_again_once_it_is_right() -> None:
    still: Stamps = [n / 25 for n in range(50)] + [2.0] * 20 + [2.8 + n / 25 for n in range(50)]
    clock, times = read(still)
    np.testing.assert_allclose(times.time, np.arange(len(still)) / 25, atol=0.041)
    assert times.time[-1] == pytest.approx(2.8 + 49 / 25)
    assert flaws_in_words(clock.flaws).startswith("its clock stands still at 2.02 s (frame 51; 19 times in all)")


def test_a_time_given_twice_shifts_nothing_after_it() -> None:
    clock, times = read([0.0, 0.04, 0.04, 0.08, 0.12, 0.12, 0.16, 0.2])
    assert times.time.tolist() == pytest.approx([0, 0.04, 0.06, 0.08, 0.12, 0.14, 0.16, 0.2])
    assert [flaw.kind for flaw in clock.flaws] == ["stands still"] * 2


@pytest.mark.parametrize("wild", [1e6, -3.0, 0.0])
def test_a_single_wrong_time_is_mended_where_the_next_one_is_known(wild: float) -> None:
    clock, times = read([100 + n / 25 for n in range(20)] + [wild] + [100 + n / 25 for n in range(21, 40)], ahead=True)
    np.testing.assert_allclose(times.time, np.arange(40) / 25, atol=1e-6)
    assert [flaw.kind for flaw in clock.flaws] == ["leaps"]


def test_frames_without_a_time_follow_each_other() -> None:
    assert read([None] * 50)[1] == Times.even(50, Fraction(25))
    assert read([0.0, 0.04, None, None, 0.16])[1] == Times.even(5, Fraction(25))


@pytest.mark.parametrize(
    ("stamps", "tick", "stated", "rate"),
    [
        ([n * 40 for n in range(50)] + [70000 + n * 40 for n in range(50)], 1000, [Fraction(25, 4)], Fraction(25)),
        ([round(n * 1001 / 30) for n in range(100)], 1000, [Fraction(30000, 1001)], Fraction(30000, 1001)),
        ([round(n * 1000 / 30) for n in range(100)], 1000, [Fraction(30)], Fraction(30)),
        ([n * 3000 for n in range(300)] + [900000 + n * 9000 for n in range(100)], 90000, [Fraction(20)], Fraction(30)),
        ([0, 40, 120, 160, 240, 280], 1000, [], Fraction(25)),  # every third frame is missing
        ([n * 10000 for n in range(5)], 1000, [], Fraction(1, 10)),
        ([0], 1000, [Fraction(30)], None),
        ([], 1000, [], None),
    ],
)
def test_the_rate_is_that_of_the_usual_step(
    stamps: list[int], tick: int, stated: list[Fraction], rate: Fraction | None
) -> None:
    assert typical_rate(stamps, Fraction(1, tick), stated) == rate
