"""Frame scores: what covers a frame judges it, and what nobody could judge is never called normal."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oddframe.scoring import FrameScores, covering_max, frame_scores
from oddframe.types import Window
from tests.scoring.cases import Case, cases, even, observations, scored


def reference(case: Case) -> tuple[list[float], list[str]]:
    """The definition, frame by frame, in the plainest code there is."""
    window, frames = case.window, case.frames
    own = [next((w for a, b, w in case.reasons if a <= f < b), "") for f in range(frames)]
    if frames < window.extent:
        return [np.nan] * frames, ["too short"] * frames
    kept = []
    for row in range(len(case.frame)):
        first = max(case.frame[row] - window.about, 0)
        if not any(own[first : case.ready[row] + 1]):
            kept.append(row)
    windows = (frames - window.extent) // window.stride + 1
    scores, why, edges = [np.nan] * frames, list(own), []
    for f in range(frames):
        over = [case.score[row] for row in kept if case.span[row][0] <= f < case.span[row][1]]
        number = (f - window.about + (window.stride - 1) // 2) // window.stride
        if over:
            scores[f] = max(over)
        elif 0 <= number < windows:
            members = own[number * window.stride : number * window.stride + window.extent]
            why[f] = why[f] or next((w for w in members if w), "")
            scores[f] = case.floor
        else:
            edges.append(f)
    inner = [f for f in range(frames) if f not in edges]
    for f in edges:
        nearest = min(inner, key=lambda g: (abs(g - f), g))
        scores[f], why[f] = scores[nearest], why[f] or why[nearest]
    return [np.nan if w else s for s, w in zip(scores, why, strict=True)], why


def run(case: Case) -> FrameScores:
    return frame_scores(scored(case), even(case.frames), case.window, floor=case.floor, reasons=case.reasons)


@given(cases())
def test_equals_the_definition(case: Case) -> None:
    found = run(case)
    scores, why = reference(case)
    words = [""] * case.frames
    for start, stop, word in found.reasons:
        words[start:stop] = [word] * (stop - start)
    np.testing.assert_array_equal(found.scores, np.array(scores, np.float32))
    assert words == why
    np.testing.assert_array_equal(found.valid, [not w for w in why])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-9, 9)), max_size=12))
def test_covering_max_equals_painting(spans: list[tuple[int, int, int]]) -> None:
    span = np.array([(a, b) for a, b, _ in spans], np.int64).reshape(-1, 2)
    score = np.array([s for *_, s in spans], np.float32)
    painted = np.full(30, -np.inf, np.float32)
    for a, b, s in spans:
        painted[a:b] = np.maximum(painted[a:b], s)
    np.testing.assert_array_equal(covering_max(span, score, 30), painted)


def test_zero_edges_stay_out_until_smoothing_is_done() -> None:
    case = observations([2, 3], [5.0, 7.0])
    found = frame_scores(scored(case), even(6), Window(3, about=2), floor=-1.0, edges="zero")
    assert found.zero.tolist() == [True, True, False, False, False, False]
    np.testing.assert_array_equal(found.scores, np.array([np.nan, np.nan, 5, 7, -1, -1], np.float32))
    assert found.valid.all()
    assert not found.reasons


def test_a_dark_frame_takes_the_windows_that_saw_it_along() -> None:
    case = observations([1, 2, 3, 4, 5], [1.0, 2.0, 3.0, 4.0, 5.0], look_ahead=1)
    found = frame_scores(scored(case), even(7), Window(3, about=1), floor=0.0, reasons=((3, 4, "dark"),))
    assert found.kept.tolist() == [True, False, False, False, True]
    assert found.reasons == ((2, 5, "dark"),)
    np.testing.assert_array_equal(found.scores, np.array([1, 1, np.nan, np.nan, np.nan, 5, 5], np.float32))


def test_a_window_that_ends_just_before_a_dark_frame_has_seen_nothing_of_it() -> None:
    found = frame_scores(observations([], []), even(8), Window(3, about=1), floor=0.5, reasons=((5, 6, "dark"),))
    assert found.reasons == ((4, 8, "dark"),)  # the window about frame 3 covers frames 2 to 4
    np.testing.assert_array_equal(found.scores, np.array([0.5] * 4 + [np.nan] * 4, np.float32))


def test_a_day_of_video_takes_seconds() -> None:
    frames = 2_000_000
    frame = np.repeat(np.arange(frames), 2)
    case = observations(frame, np.zeros(len(frame), np.float32))
    started = time.perf_counter()
    frame_scores(scored(case), even(frames), Window(5, about=4), floor=0.0, reasons=((7, 9, "dark"),))
    assert time.perf_counter() - started < 20
