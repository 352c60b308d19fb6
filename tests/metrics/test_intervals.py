"""Intervals resample whole videos, are repeatable, and cover; the fast way equals the plain one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.intervals import Interval, bootstrap_interval, micro_auroc_interval
from oddframe.metrics.macro import micro_auroc

FRAME = st.tuples(st.integers(0, 4), st.booleans())
VIDEOS = st.lists(st.lists(FRAME, min_size=1, max_size=6), min_size=2, max_size=6)
INTERVALS: list[Any] = [micro_auroc_interval, lambda *a, **k: bootstrap_interval(micro_auroc, *a, **k)]

Rows = list[npt.NDArray[Any]]


def made(videos: int, frames: int, seed: int) -> tuple[Rows, Rows]:
    """Videos that differ: each has its own level of scores."""
    generator = np.random.default_rng(seed)
    labels = [generator.random(frames) < 0.3 for _ in range(videos)]
    return [generator.normal(size=frames) + row + generator.normal() / 2 for row in labels], labels


@settings(max_examples=50)
@given(VIDEOS, st.integers(0, 3), st.sampled_from([0.5, 0.95]))
def test_the_fast_way_is_the_plain_way(videos: list[list[tuple[int, bool]]], seed: int, level: float) -> None:
    scores, labels = [[s for s, _ in v] for v in videos], [[x for _, x in v] for v in videos]
    assume(len({x for row in labels for x in row}) == 2)
    fast, plain = (
        _or_none(lambda find=find: find(scores, labels, seed=seed, level=level, resamples=40)) for find in INTERVALS
    )
    assert fast == plain


def _or_none(find: Any) -> Interval | None:
    try:
        result: Interval = find()
    except DataError:
        return None
    return result


def test_bounds_are_percentiles_of_figures_of_drawn_videos() -> None:
    """Two videos with figures 0 and 1, and 1/2 together: resamples are 0, 1/2, 1/2 or 1, a quarter each."""
    scores, labels = [[0.0, 1.0], [1.0, 0.0]], [[0, 1], [0, 1]]
    for find in INTERVALS:
        half = find(scores, labels, level=0.4, resamples=4000)
        assert (half.low, half.high, half.level, half.resamples, half.undefined) == (0.5, 0.5, 0.4, 4000, 0)
        assert (find(scores, labels, level=0.9).low, find(scores, labels, level=0.9).high) == (0.0, 1.0)


def test_the_figure_sees_whole_videos_as_many_as_there_are() -> None:
    scores, labels = made(5, 4, seed=0)
    seen: list[list[int]] = []

    def figure(drawn: Any, truth: Any) -> float:
        where = [next(i for i, row in enumerate(scores) if np.array_equal(row, one)) for one in drawn]
        assert [row.tolist() for row in truth] == [labels[i].tolist() for i in where]
        seen.append(where)
        return float(len(set(where)))

    bootstrap_interval(figure, scores, labels, resamples=300)
    assert {len(where) for where in seen} == {5}
    assert len({tuple(where) for where in seen}) > 50
    drawn = np.bincount(np.concatenate(seen))
    assert drawn.min() > 200  # 300 expected of each
    assert drawn.max() < 400


def test_the_seed_decides() -> None:
    scores, labels = made(8, 50, seed=1)
    for find in INTERVALS:
        assert find(scores, labels, seed=3, resamples=50) == find(scores, labels, seed=3, resamples=50)
        assert find(scores, labels, seed=3, resamples=50) != find(scores, labels, seed=4, resamples=50)


def test_resamples_without_a_figure_are_counted_and_left_out() -> None:
    """One of two videos has the only anomalous frame: a quarter of the resamples draws it never."""
    for find in INTERVALS:
        result = find([[0.1, 0.9], [0.5, 0.3]], [[0, 1], [0, 0]], resamples=2000)
        assert 400 < result.undefined < 600
        assert (result.low, result.high) == (1.0, 1.0)


def test_intervals_are_about_videos_and_cover() -> None:
    """Of intervals at 80 %, about 80 % hold the true figure; with frames for videos it would be far fewer."""
    truth = micro_auroc(*made(2000, 50, seed=99))
    intervals = [micro_auroc_interval(*made(30, 50, seed), level=0.8, resamples=200) for seed in range(100)]
    assert 65 <= sum(i.low <= truth <= i.high for i in intervals) <= 95


def test_a_thousand_resamples_of_many_frames_take_seconds() -> None:
    scores, labels = made(100, 5000, seed=0)
    start = time.process_time()
    micro_auroc_interval(scores, labels)
    assert time.process_time() - start < 10  # generous: sorting anew each time would take minutes


@pytest.mark.parametrize("find", INTERVALS)
@pytest.mark.parametrize(
    ("scores", "labels", "says"),
    [
        ([[0.1, 0.2]], [[0, 1]], "undefined: .* at least two videos"),
        ([[0.1, 0.2], [0.3]], [[0, 0], [0]], "undefined: only one class .* both normal and anomalous are needed"),
        ([[0.1, 0.2], [np.nan]], [[0, 1], [0]], "video 1: score of frame 0 is NaN: leave"),
        ([[0.1, 0.2], [0.1]], [[0, 1], [0, 1]], "video 1: .* one length"),
        ([[0.1, 0.2], [0.1]], [[0, 1]], "one entry a video"),
    ],
)
def test_what_has_no_answer_gets_none(find: Any, scores: Any, labels: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        find(scores, labels)


@pytest.mark.parametrize("find", INTERVALS)
def test_settings_out_of_range_are_refused_by_name(find: Any) -> None:
    scores, labels = made(3, 10, seed=0)
    for level in (0, 1, 95, np.nan):
        with pytest.raises(SettingsError, match="level must"):
            find(scores, labels, level=level)
    with pytest.raises(SettingsError, match="resamples must"):
        find(scores, labels, resamples=0)
