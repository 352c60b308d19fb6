"""Protocols do to scores what they say, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oddframe.bench import PROTOCOLS, Protocol, protocol
from oddframe.bench.protocol import min_max
from oddframe.engine.score import Judged
from oddframe.errors import SettingsError
from oddframe.scoring import Reasons, Scoring, Smoothing, frame_scores
from oddframe.types import Observations, Scored, VideoInfo, Window

FLOOR = -3.0


def judged(scores: list[float], window: Window, frames: int, reasons: Reasons = ()) -> Judged:
    """One whole-frame observation a window, as far as there are scores."""
    info = VideoInfo("v", 20, 10, Fraction(10), frames)
    fitting = window.over(info.frame_times())
    count = min(len(fitting), len(scores))
    seen = Observations(
        video="v",
        frame=fitting.about[:count],
        span=np.stack([fitting.begin, fitting.end], axis=1)[:count],
        ready=fitting.last[:count],
        box=np.tile(np.array([0, 0, 20, 10], np.float32), (count, 1)),
        through=frames,
    )
    return Judged(info, window, Scored(seen, np.array(scores[:count], np.float32)), reasons)


def cut(whole: Judged, frames: int) -> Judged:
    """The same video, had it ended earlier."""
    seen = whole.scored.observations
    rows = np.flatnonzero(seen.ready < frames)
    scored = Scored(replace(seen.select(rows), through=frames), whole.scored.score[rows])
    return Judged(replace(whole.info, frames=frames), whole.window, scored, whole.reasons)


windows = st.builds(
    lambda length, stride, about: Window(length, stride, about=min(about, length - 1)),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(0, 8),
)
values = st.lists(st.floats(-5, 5, width=32), min_size=60, max_size=60)


@given(values, windows, st.integers(12, 60), st.integers(0, 10))
@example([0.0] * 60, Window(1, 3), 12, 9)  # the first window speaks for two frames, the others for three
def test_causal_scores_depend_on_no_later_frame(scores: list[float], window: Window, frames: int, less: int) -> None:
    whole = judged(scores, window, frames)
    earlier = cut(whole, max(frames - less, window.extent))
    told = protocol("causal").apply(whole, FLOOR)
    then = protocol("causal").apply(earlier, FLOOR)
    np.testing.assert_array_equal(then.scores, told.scores[: len(then.scores)])


def test_a_paper_protocol_does_look_ahead_so_the_test_above_means_something() -> None:
    whole = judged(list(np.arange(60.0)), Window(5, 2, about=2), 50)
    told, then = (protocol("paper-lbr-spr").apply(one, FLOOR) for one in (whole, cut(whole, 40)))
    assert not np.array_equal(then.scores, told.scores[:40])


def test_before_anything_was_known_a_causal_score_is_the_floor_and_then_the_last_is_held() -> None:
    one = judged([1, 2, 3, 4], Window(4, 3, about=1), 15)  # known at 3, 6, 9, 12
    bare = Protocol("bare", Smoothing("none"), edges="floor", look_ahead=False)
    assert bare.apply(one, FLOOR).scores.tolist() == [FLOOR] * 3 + [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


@given(values, windows, st.integers(12, 60))
def test_llsh_pads_both_ends_with_zero_after_normalising_the_rest(
    scores: list[float], window: Window, frames: int
) -> None:
    one = judged(scores, window, frames)
    told = protocol("paper-llsh").apply(one, FLOOR)
    raw = frame_scores(one.scored, one.info.frame_times(), window, floor=FLOOR, edges="zero")
    inner = ~raw.zero
    smooth = Smoothing("gaussian", 12, "frames").array(raw.scores, inner, 10)
    assert told.valid.all()
    assert (told.scores[~inner] == 0).all()
    np.testing.assert_array_equal(told.scores[inner], min_max(smooth)[inner])


def test_lgn_leaves_out_the_first_frames_which_nothing_predicts() -> None:
    one = judged([5, 1, 3, 2], Window(5, about=4), 8)
    told = protocol("paper-lgn").apply(one, FLOOR)
    assert told.valid.tolist() == [False] * 4 + [True] * 4
    assert told.scores[4:].tolist() == [1.0, 0.0, 0.5, 0.25]
    assert told.reasons == ((0, 4, "edge"),)


def test_lbr_spr_averages_over_ten_frames_and_keeps_the_scale() -> None:
    x = np.random.default_rng(0).normal(size=40)
    told = protocol("paper-lbr-spr").apply(judged(x.tolist(), Window(1), 40), FLOOR)
    expected = np.convolve(x, [0.5, *[1] * 9, 0.5], "valid") / 10
    np.testing.assert_allclose(told.scores[5:-5], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("title", PROTOCOLS)
def test_frames_that_the_camera_spoilt_never_count(title: str) -> None:
    one = judged(list(np.arange(40.0)), Window(1), 40, ((10, 15, "dark"),))
    told = protocol(title).apply(one, FLOOR)
    assert np.flatnonzero(~told.valid).tolist() == [10, 11, 12, 13, 14]
    assert told.reasons == ((10, 15, "dark"),)


@given(st.lists(st.none() | st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30))
def test_min_max_keeps_the_order_and_fills_zero_to_one(given_scores: list[float | None]) -> None:
    scores = np.array([np.nan if x is None else x for x in given_scores], np.float32)
    scaled = min_max(scores)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(scores))
    there = ~np.isnan(scores)
    if there.any():
        assert scaled[there].min() == 0
        assert scaled[there].max() == float(np.ptp(scores[there]) > 0)
        order = np.argsort(scores[there], kind="stable")
        assert (np.diff(scaled[there][order]) >= 0).all()


def test_the_presets_are_as_published() -> None:
    def told(title: str) -> list[Any]:
        one = protocol(title)
        return [
            one.smoothing.kind,
            one.smoothing.width,
            one.smoothing.unit,
            one.normalisation,
            one.edges,
            one.look_ahead,
        ]

    assert told("paper-llsh") == ["gaussian", 12, "frames", "min-max", "zero", True]
    assert [told("paper-lgn")[0], *told("paper-lgn")[3:]] == ["none", "min-max of parts", "left out", True]
    assert [title for title, one in PROTOCOLS.items() if one.carry] == ["paper-lgn"]
    assert told("paper-lbr-spr") == ["average", 10, "frames", "none", "nearest", True]
    assert told("causal") == ["causal", 0.48, "seconds", "none", "floor", False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"smoothing": Smoothing("gaussian")},
        {"smoothing": Smoothing("average")},
        {"normalisation": "min-max"},
        {"edges": "nearest"},
    ],
)
def test_nothing_that_looks_ahead_may_call_itself_causal(wrong: dict[str, Any]) -> None:
    honest: dict[str, Any] = {"smoothing": Smoothing("causal"), "edges": "floor"}
    Protocol("mine", **honest, look_ahead=False)
    with pytest.raises(SettingsError, match="look ahead"):
        Protocol("mine", **honest | wrong, look_ahead=False)


def test_offline_is_what_a_detector_gives_by_default() -> None:
    one = judged(list(np.random.default_rng(0).normal(size=60)), Window(5, 2, about=2), 50, ((7, 9, "dark"),))
    told = protocol("offline").apply(one, FLOOR)
    np.testing.assert_array_equal(told.scores, one.timeline(Scoring(), FLOOR, None).scores)


def test_unknown_choices_and_titles_are_refused() -> None:
    with pytest.raises(SettingsError, match="min-max"):
        Protocol("mine", normalisation="z")  # type: ignore[arg-type]
    every = "paper-llsh, paper-lgn, paper-lbr-spr, released-lbr-spr, paper-cbcg, offline, causal"
    with pytest.raises(SettingsError, match=every):
        protocol("paper")


@given(st.lists(st.floats(-5, 5, width=32), min_size=8, max_size=20), st.lists(st.floats(-5, 5, width=32), min_size=8))
def test_smoothing_across_videos_is_that_of_all_of_them_in_a_row(first: list[float], second: list[float]) -> None:
    across = Protocol("across", Smoothing("average", 4, "frames"), across=True)
    apart = replace(across, across=False)
    one, two = (judged(some, Window(1), len(some)) for some in (first, second))
    whole = judged(first + second, Window(1), len(first + second))
    told = across.apply_each([one, two], FLOOR)
    np.testing.assert_array_equal(np.concatenate([t.scores for t in told]), apart.apply(whole, FLOOR).scores)
    by_themselves = apart.apply_each([one, two], FLOOR)
    np.testing.assert_array_equal(by_themselves[0].scores, apart.apply(one, FLOOR).scores)
    np.testing.assert_array_equal(told[0].scores[:6], by_themselves[0].scores[:6])  # far from the border


def test_the_released_evaluation_of_lbr_spr_lets_videos_meet_and_gives_empty_frames_minus_twenty() -> None:
    released = replace(protocol("released-lbr-spr"), smoothing=Smoothing("none"))
    one = judged([1.0, 2.0], Window(1), 4)  # its last two frames have nothing in them
    assert released.apply(one, FLOOR).scores.tolist() == [1, 2, -20, -20]
    assert protocol("released-lbr-spr").across
    assert not protocol("paper-lbr-spr").across


def test_smoothing_across_videos_that_are_normalised_apart_is_refused() -> None:
    with pytest.raises(SettingsError, match="without normalisation"):
        Protocol("wrong", normalisation="min-max", across=True)
