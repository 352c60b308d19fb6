"""Score curves show what is where, whatever the timeline, and leave no trace in matplotlib."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.draw import Truth, canvas, curves, joined, plot_joined, plot_timelines
from oddframe.draw.canvas import INCHES
from oddframe.draw.panel import alone, outline
from oddframe.errors import DataError
from oddframe.types import ImageArray, Timeline
from tests.draw.cases import event, of_colour, timeline, timelines

WIDTH = 700
RAMP = np.linspace(0, 4, 100, dtype=np.float32)


def column(frame: float, frames: int, width: int = WIDTH) -> float:
    """Where `plot_timelines` has a frame's beginning, in pixels."""
    inches = curves.LEFT + frame / frames * (INCHES - curves.LEFT - curves.RIGHT)
    return inches / INCHES * width


def below_legend(image: ImageArray) -> ImageArray:
    return image[int(curves.LEGEND / INCHES * image.shape[1]) :]


def columns_that_differ(one: ImageArray, other: ImageArray) -> tuple[int, int]:
    changed = np.flatnonzero((below_legend(one) != below_legend(other)).any(axis=(0, 2)))
    return int(changed[0]), int(changed[-1]) + 1


@pytest.mark.parametrize("truth", [{"v": np.arange(100) // 30 == 1}, {"v": [(30, 60, "")]}])
def test_truth_is_shaded_where_it_is(truth: Truth) -> None:
    line = timeline(RAMP)
    plain, shaded = plot_timelines([line], width=WIDTH), plot_timelines([line], truth, width=WIDTH)
    assert columns_that_differ(plain, shaded) == pytest.approx((column(30, 100), column(60, 100)), abs=2)
    middle = below_legend(shaded)[:, round(column(45, 100))]
    assert of_colour(middle[None], canvas.TRUTH).mean() > 0.3


def test_a_stretch_is_titled_by_its_kind() -> None:
    line = timeline(RAMP)
    untitled, titled = (plot_timelines([line], {"v": [(20, 80, kind)]}, width=WIDTH) for kind in ("", "cart"))
    first, last = columns_that_differ(untitled, titled)
    assert column(20, 100) < first < column(50, 100) < last < column(80, 100)


def test_a_title_without_room_is_left_out() -> None:
    line = timeline(RAMP)
    untitled, titled = (plot_timelines([line], {"v": [(20, 22, kind)]}, width=WIDTH) for kind in ("", "wheelchair"))
    np.testing.assert_array_equal(untitled, titled)


def test_an_event_is_a_bar_over_its_frames() -> None:
    image = below_legend(plot_timelines([timeline(RAMP, events=(event(40, 70),))], width=WIDTH))
    found = np.flatnonzero(of_colour(image, canvas.ALARM).any(axis=0))
    assert (found[0], found[-1] + 1) == pytest.approx((column(40, 100), column(70, 100)), abs=2)
    assert len(found) == found[-1] - found[0] + 1


def test_a_stretch_without_scores_is_hatched_and_has_its_reason() -> None:
    gap = RAMP.copy()
    gap[20:60] = np.nan
    silent = plot_timelines([timeline(gap, reasons=((20, 60, "dark"),))], width=WIDTH)
    other = plot_timelines([timeline(gap, reasons=((20, 60, "frozen"),))], width=WIDTH)
    first, last = columns_that_differ(silent, other)  # only the words differ
    assert column(20, 100) < first < last < column(60, 100)
    grounds = np.flatnonzero(of_colour(below_legend(silent), canvas.BLANK).sum(axis=0) > 5)
    assert (grounds[0], grounds[-1] + 1) == pytest.approx((column(20, 100), column(60, 100)), abs=2)
    unexplained = plot_timelines([timeline(gap)], width=WIDTH)
    assert columns_that_differ(silent, unexplained)[0] > column(20, 100)


def test_the_threshold_is_drawn_from_end_to_end_if_there_is_one() -> None:
    without, with_one = (plot_timelines([timeline(RAMP, threshold=t)], width=WIDTH) for t in (None, 4.0))
    inside = (
        below_legend(with_one)[int(curves.TITLE / INCHES * WIDTH) :],
        below_legend(without)[int(curves.TITLE / INCHES * WIDTH) :],
    )
    changed = np.flatnonzero((inside[0] != inside[1]).any(axis=(0, 2)))
    assert (changed[0], changed[-1] + 1) == pytest.approx((column(0, 100), column(100, 100)), abs=8)


def test_one_scale_makes_heights_comparable() -> None:
    low, high = timeline(RAMP, "low"), timeline(10 * RAMP, "high")
    highest = []
    for same_scale in (True, False):
        image = plot_timelines([low, high], width=WIDTH, same_scale=same_scale)
        first_panel = image[int(curves.LEGEND / INCHES * WIDTH) : image.shape[0] // 2 + 10]
        highest.append(np.flatnonzero(of_colour(first_panel, canvas.CURVE).any(axis=1))[0])
    assert highest[0] > highest[1] + 20


@settings(max_examples=8)
@given(st.lists(timelines(), min_size=1, max_size=3), st.sampled_from([301, 500]))
def test_any_timelines_can_be_drawn(lines: list[Timeline], width: int) -> None:
    rows = curves.LEGEND + len(lines) * (curves.TITLE + 1.25 + curves.AXIS) + 0.05
    image = plot_timelines(lines, width=width)
    assert image.dtype == np.uint8
    assert image.shape == (pytest.approx(rows / INCHES * width, abs=2), width, 3)
    assert plot_joined(lines, width=width).shape[1:] == (width, 3)


def test_a_mark_lies_over_its_frame() -> None:
    lines = [timeline(RAMP, "a"), timeline(RAMP, "b")]
    plain, marked = (plot_joined(lines, marks=marks, width=WIDTH) for marks in ([], [("b", 49)]))
    changed = np.flatnonzero((plain != marked).any(axis=(0, 2)))
    share = (INCHES - joined.LEFT - joined.RIGHT) / INCHES * WIDTH
    assert changed.mean() == pytest.approx(joined.LEFT / INCHES * WIDTH + 149.5 / 200 * share, abs=2)


def test_videos_end_to_end_share_their_order() -> None:
    """Truth of the second video is shaded in the second half only."""
    lines = [timeline(RAMP, "a"), timeline(RAMP, "b")]
    image = plot_joined(lines, {"b": np.ones(100, np.bool_)}, width=WIDTH)
    shaded = np.flatnonzero(of_colour(image, canvas.TRUTH).sum(axis=0) > 20)
    share = (INCHES - joined.LEFT - joined.RIGHT) / INCHES * WIDTH
    assert shaded[0] == pytest.approx(joined.LEFT / INCHES * WIDTH + share / 2, abs=3)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ({"v": np.zeros(99, np.bool_)}, "v: truth of shape"),
        ({"v": [(50, 101, "cart")]}, "v: truth has frames 50 to 101"),
        ({"v": [(-1, 5, "cart")]}, "give frame numbers"),
    ],
)
def test_truth_that_does_not_fit_is_refused(truth: Truth, said: str) -> None:
    for plot in (plot_timelines, plot_joined):
        with pytest.raises(DataError, match=said):
            plot([timeline(RAMP)], truth)


def test_nothing_to_plot_is_refused() -> None:
    for plot in (plot_timelines, plot_joined):
        with pytest.raises(DataError, match="no timelines"):
            plot([])
    with pytest.raises(DataError, match="frame 100 is on none"):
        plot_joined([timeline(RAMP)], marks=[("v", 100)])


def test_pictures_neither_change_nor_follow_the_settings_of_matplotlib() -> None:
    lines = [timeline(RAMP, threshold=2.0, events=(event(50, 99),))]
    before = dict(mpl.rcParams)
    plain = plot_timelines(lines, {"v": [(40, 99, "cart")]}, width=WIDTH)
    assert dict(mpl.rcParams) == before
    with mpl.rc_context(
        {
            "axes.grid": True,
            "figure.constrained_layout.use": True,
            "axes.facecolor": "black",
            "text.color": "red",
            "font.size": 30,
        }
    ):
        np.testing.assert_array_equal(plot_timelines(lines, {"v": [(40, 99, "cart")]}, width=WIDTH), plain)


def test_matplotlib_is_loaded_late_and_without_pyplot() -> None:
    program = (
        "import sys, oddframe.draw as r; assert 'matplotlib' not in sys.modules\n"
        "from tests.draw.cases import timeline\n"
        "r.plot_timelines([timeline([1, 2])], width=200)\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@given(st.lists(st.none() | st.floats(-5, 5, width=32), min_size=9, max_size=60), st.integers(1, 2))
def test_a_long_outline_keeps_every_extreme_and_gaps_only_where_nothing_is(
    values: list[float | None], columns: int
) -> None:
    scores = np.array([np.nan if value is None else value for value in values], np.float32)
    frame, score = outline(scores, columns)
    parts = np.split(scores, np.linspace(0, len(scores), columns + 1).astype(int)[1:-1])
    if len(scores) > 4 * columns:
        assert len(score) == 2 * columns
        for part, pair in zip(parts, score.reshape(-1, 2), strict=True):
            there = part[np.isfinite(part)]
            assert np.isnan(pair).all() if not len(there) else tuple(pair) == (there.min(), there.max())
    assert (np.diff(frame) >= 0).all()


def test_a_single_score_between_gaps_is_seen() -> None:
    lonely = np.full(100, np.nan, np.float32)
    lonely[30] = 1.0
    assert alone(lonely.astype(np.float64)).tolist() == [30]
    image = below_legend(plot_timelines([timeline(lonely)], width=WIDTH))
    dot = np.flatnonzero(of_colour(image, canvas.CURVE).any(axis=0))
    assert dot.mean() == pytest.approx(column(30.5, 100), abs=1.5)
