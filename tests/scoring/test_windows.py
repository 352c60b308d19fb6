"""Windows lie where counting by hand puts them; those of time last as long where the frame rate changes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.testing.scenes import changing_rate
from oddframe.types import Times, Window, Windows, earlier, later
from tests.scoring.cases import even


@st.composite
def windows(draw: st.DrawFn) -> Window:
    length, dilation, stride = (draw(st.integers(1, most)) for most in (9, 4, 9))
    return Window(length, stride, dilation, draw(st.integers(0, (length - 1) * dilation)))


def by_hand(window: Window, frames: int) -> list[list[int]]:
    """Every window that fits, member by member."""
    starts = range(0, frames, window.stride)
    every = [[start + i * window.dilation for i in range(window.length)] for start in starts]
    return [window for window in every if window[-1] < frames]


def same(one: Windows, other: Windows) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.columns, other.columns, strict=True))


@given(windows(), st.integers(0, 60))
def test_windows_are_those_that_fit(window: Window, frames: int) -> None:
    found, expected = window.over(even(frames)), by_hand(window, frames)
    assert found.first.tolist() == [members[0] for members in expected]
    assert found.last.tolist() == [members[-1] for members in expected]
    assert found.about.tolist() == [members[0] + window.about for members in expected]


@given(windows(), st.integers(0, 60))
def test_spans_follow_each_other_without_gap_or_overlap(window: Window, frames: int) -> None:
    found = window.over(even(frames))
    spans = list(zip(found.begin.tolist(), found.end.tolist(), strict=True))
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    for (begin, end), about in zip(spans, found.about.tolist(), strict=True):
        assert begin <= about < end <= frames
        assert all(abs(frame - about) <= abs(frame - about - window.stride) for frame in range(begin, end))


@given(windows(), st.integers(0, 60), st.sampled_from([25, Fraction(30000, 1001), Fraction(1, 10)]))
def test_at_a_constant_rate_frames_and_time_are_the_same(window: Window, frames: int, fps: Fraction) -> None:
    times = Times.even(frames, Fraction(fps))
    assert same(window.over(times), replace(window, measure="grid").over(times))
    single = replace(window, stride=1)
    assert same(single.over(times), replace(single, measure="time").over(times))


@given(windows(), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_no_window_reaches_over_a_hole(window: Window, lengths: list[int]) -> None:
    """Each part has the windows that it would have as a video of its own."""
    clocks = [even(length).time + 1000.0 * number for number, length in enumerate(lengths)]
    starts = np.cumsum([0, *lengths])
    times = Times(Fraction(25), np.concatenate(clocks), tuple(starts[:-1].tolist()))
    for measured in (window, replace(window, measure="grid"), replace(window, stride=1, measure="time")):
        found, done = measured.over(times), 0
        for start, length in zip(starts.tolist(), lengths, strict=False):
            alone = measured.over(even(length))
            part = [column[done : done + len(alone)] - start for column in found.columns]
            assert all(np.array_equal(a, b) for a, b in zip(part, alone.columns, strict=True))
            done += len(alone)
        assert done == len(found)


def test_a_window_of_time_holds_fewer_frames_where_the_rate_falls() -> None:
    times = changing_rate((30, 60), (10, 20))
    found = Window(9, about=8, measure="time").over(times)  # 8 nominal frames: 0.27 s
    lasts = times.time[found.last] - times.time[found.first]
    assert (lasts >= 7.5 / 30 - 1e-9).all()
    assert (lasts <= 8 / 30 + 0.1).all()
    assert found.last[-1] - found.first[-1] == 3
    least = Window(9, about=8, measure="time", least=(5, 0)).over(times)
    assert least.last[-1] - least.first[-1] == 5


def test_a_grid_lays_its_windows_by_the_clock() -> None:
    times = changing_rate((30, 300), (10, 100))
    found = Window(30, 15, about=15, measure="grid").over(times)
    np.testing.assert_allclose(np.diff(times.time[found.about]), 0.5, atol=0.11)
    lasts = times.time[found.last] - times.time[found.first]
    np.testing.assert_allclose(lasts, 29 / 30, atol=0.11)


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=30), st.integers(0, 12), st.integers(0, 3))
def test_earlier_and_later_mirror_each_other(steps: list[float], count: int, least: int) -> None:
    position = np.cumsum(steps)
    frames, last = np.arange(len(position)), len(position) - 1
    mirrored = position[-1] - position[::-1]
    np.testing.assert_array_equal(
        later(position, frames, count, least), last - earlier(mirrored, last - frames, count, least)
    )


def test_impossible_windows_are_refused() -> None:
    for wrong in ({"length": 0}, {"length": 3, "about": 3}, {"length": 3, "stride": 2, "measure": "time"}):
        with pytest.raises(ValueError, match="Window"):
            Window(**wrong)
