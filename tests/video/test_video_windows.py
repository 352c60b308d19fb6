"""The arithmetic of windows agrees with counting by hand, for every window."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from oddframe.types import Window
from oddframe.video import (
    about_frame,
    about_frames,
    members,
    span_of,
    window_about,
    window_count,
    window_for,
    windows_over,
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    length, dilation, stride = (draw(st.integers(1, most)) for most in (9, 4, 9))
    return Window(length, stride, dilation, draw(st.integers(0, (length - 1) * dilation)))


def by_hand(window: Window, frames: int) -> list[list[int]]:
    """Every window that fits, member by member."""
    starts = range(0, frames, window.stride)
    every = [[start + i * window.dilation for i in range(window.length)] for start in starts]
    return [window for window in every if window[-1] < frames]


@given(windows(), st.integers(0, 60))
def test_windows_are_those_that_fit(window: Window, frames: int) -> None:
    expected = by_hand(window, frames)
    assert window_count(window, frames) == len(expected)
    assert [list(members(window, k)) for k in range(len(expected))] == expected
    assert [about_frame(window, k) for k in range(len(expected))] == list(about_frames(window, frames))


@given(windows(), st.integers(0, 60))
def test_a_video_shorter_than_the_window_has_none(window: Window, frames: int) -> None:
    short = min(frames, window.extent - 1)
    assert window_count(window, short) == 0
    assert len(about_frames(window, short)) == 0
    assert all(window_for(window, frame, short) is None for frame in range(short))


@given(windows(), st.integers(0, 60))
def test_the_window_about_a_frame_is_found_back(window: Window, frames: int) -> None:
    about = {f: k for k, f in enumerate(about_frames(window, frames))}
    assert all(window_about(window, frame, frames) == about.get(frame) for frame in range(-3, frames + 3))


@given(windows(), st.integers(0, 60))
def test_windows_over_a_frame_are_those_that_enclose_it(window: Window, frames: int) -> None:
    expected = by_hand(window, frames)
    for frame in range(-3, frames + 3):
        over = [k for k, held in enumerate(expected) if held[0] <= frame <= held[-1]]
        assert list(windows_over(window, frame, frames)) == over


@given(windows(), st.integers(0, 60))
def test_spans_partition_the_frames_and_go_to_the_nearest_window(window: Window, frames: int) -> None:
    count = window_count(window, frames)
    spans = [span_of(window, k) for k in range(count)]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(0 <= start < end for start, end in spans)
    about = list(about_frames(window, frames))
    for k, (start, end) in enumerate(spans):
        assert start <= about[k] < end
        assert all(abs(frame - about[k]) == min(abs(frame - other) for other in about) for frame in range(start, end))


@given(windows(), st.integers(0, 60))
def test_a_frame_belongs_to_the_window_whose_span_holds_it(window: Window, frames: int) -> None:
    spans = [span_of(window, k) for k in range(window_count(window, frames))]
    for frame in range(-3, frames + 3):
        holders = [k for k, (start, end) in enumerate(spans) if start <= frame < end and 0 <= frame < frames]
        assert window_for(window, frame, frames) == (holders[0] if holders else None)
        assert len(holders) <= 1
