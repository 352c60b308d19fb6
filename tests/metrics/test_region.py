"""RBDC and TBDC equal their definition, counted pair by pair and threshold by threshold in exact fractions."""

from __future__ import annotations

import itertools
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.boxes import DetectedRegions, TrueRegions
from oddframe.metrics.rbdc import DetectionCurve, rbdc, region_curve, tbdc, track_curve

Box = tuple[int, int, int, int]
True_ = tuple[int, Box, int]  # frame, box, track
Found = tuple[int, Box, int]  # frame, box, score
Video = tuple[int, list[True_], list[Found]]
TENTH = Fraction(1, 10)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """On a coarse grid, so that overlaps of exactly a tenth come up."""
    x, y, width, height = (draw(st.sampled_from(pool)) for pool in ((0, 1, 5, 9), (0, 2), (1, 5, 10), (1, 2)))
    return x, y, x + width, y + height


@st.composite
def videos(draw: st.DrawFn) -> Video:
    frames = draw(st.integers(1, 3))
    where = st.integers(0, frames - 1)
    truth = draw(st.lists(st.tuples(where, boxes(), st.integers(0, 2)), max_size=8))
    return frames, truth, draw(st.lists(st.tuples(where, boxes(), st.integers(0, 4)), max_size=8))


SOME = st.lists(videos(), min_size=1, max_size=3).filter(lambda some: any(truth for _, truth, _ in some))


def columns(some: list[Video]) -> tuple[list[TrueRegions], list[DetectedRegions]]:
    truth = [TrueRegions(n, *map(np.array, _unzipped(rows))) for n, rows, _ in some]
    return truth, [DetectedRegions(*map(np.array, _unzipped(rows))) for _, _, rows in some]


def _unzipped(rows: list[Any]) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(3)]


def on(a: tuple[int, Box, int], b: tuple[int, Box, int]) -> bool:
    """Same frame, and at least a tenth of the cells that either covers are covered by both."""
    cells = [set(itertools.product(range(x0, x1), range(y0, y1))) for _, (x0, y0, x1, y1), _ in (a, b)]
    return a[0] == b[0] and Fraction(len(cells[0] & cells[1]), len(cells[0] | cells[1])) >= TENTH


def counted(some: list[Video], threshold: float, share: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """False positives a frame, share of regions, share of tracks at one threshold, straight from the definition."""
    false, found = 0, 0
    tracks: dict[tuple[int, int], list[bool]] = {}
    for video, (_, truth, detected) in enumerate(some):
        kept = [d for d in detected if d[2] >= threshold]
        false += sum(not any(on(t, d) for t in truth) for d in kept)
        for t in truth:
            hit = any(on(t, d) for d in kept)
            found += hit
            tracks.setdefault((video, t[2]), []).append(hit)
    whole = sum(Fraction(sum(hits), len(hits)) >= share for hits in tracks.values())
    regions = sum(len(truth) for _, truth, _ in some)
    return Fraction(false, sum(n for n, _, _ in some)), Fraction(found, regions), Fraction(whole, len(tracks))


def area(points: list[tuple[Fraction, Fraction]]) -> Fraction:
    """Under straight lines from point to point, for x in 0 .. 1, level after the last point."""
    total = Fraction(0)
    for (x0, y0), (x1, y1) in itertools.pairwise([*points, (max(points[-1][0], Fraction(1)), points[-1][1])]):
        end = min(x1, Fraction(1))
        if x0 < end:
            at_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
            total += (end - x0) * (y0 + at_end) / 2
    return total


@settings(max_examples=200)
@given(SOME, st.sampled_from([TENTH, Fraction(1, 2), Fraction(1)]))
def test_both_figures_are_what_the_definition_counts(some: list[Video], share: Fraction) -> None:
    points = [counted(some, threshold, share) for threshold in (9, 4, 3, 2, 1, 0)]
    truth, detected = columns(some)
    assert rbdc(truth, detected) == pytest.approx(float(area([(x, r) for x, r, _ in points])), abs=1e-12)
    expected = float(area([(x, t) for x, _, t in points]))
    assert tbdc(truth, detected, share=float(share)) == pytest.approx(expected, abs=1e-12)


@given(SOME)
def test_every_point_of_the_curves_is_counted(some: list[Video]) -> None:
    truth, detected = columns(some)
    regions, tracks = region_curve(truth, detected), track_curve(truth, detected)
    assert (regions.threshold == tracks.threshold).all()
    rows = np.stack([regions.false_positives, regions.rate, tracks.rate], 1)
    expected = [[float(x) for x in counted(some, threshold, TENTH)] for threshold in regions.threshold]
    assert rows == pytest.approx(np.array(expected), abs=1e-12)


@given(SOME, st.randoms(use_true_random=False))
def test_the_order_of_regions_and_the_scale_of_scores_do_not_matter(some: list[Video], random: Any) -> None:
    shuffled = [
        (n, random.sample(t, len(t)), [(f, b, 3**s) for f, b, s in random.sample(d, len(d))]) for n, t, d in some
    ]
    assert rbdc(*columns(some)) == rbdc(*columns(shuffled))
    assert tbdc(*columns(some)) == tbdc(*columns(shuffled))


def one(frames: int, truth: list[True_], detected: list[Found]) -> tuple[list[TrueRegions], list[DetectedRegions]]:
    return columns([(frames, truth, detected)])


def test_an_example_by_hand() -> None:
    """Four frames, two tracks. The curve is (0, 0), (0, 1/3), (1/4, 1/3), (1/4, 2/3), then level."""
    truth: list[True_] = [(0, (0, 0, 10, 10), 1), (1, (0, 0, 10, 10), 1), (2, (50, 50, 60, 60), 2)]
    detected: list[Found] = [(0, (2, 0, 12, 10), 9), (3, (0, 0, 10, 10), 8), (1, (0, 0, 10, 10), 7)]
    pair = one(4, truth, detected)
    assert region_curve(*pair).false_positives.tolist() == [0, 0, 0.25, 0.25]
    assert rbdc(*pair) == pytest.approx(1 / 3 * 0.25 + 2 / 3 * 0.75)
    assert tbdc(*pair) == pytest.approx(0.5)
    assert tbdc(*pair, share=0.6) == pytest.approx(0.5 * 0.75)


def test_points_are_those_of_an_independent_package() -> None:
    """Counts by py-ssvad-metrics 1.0.0 for this scene of boxes that never touch; it cannot run beside us."""
    truth: list[True_] = [(f, (20, 20, 40, 40), 1 + (f >= 10)) for f in range(4, 16)]
    truth += [(f, (20, 60, 40, 80), 1 + (f >= 10)) for f in range(8, 13)]
    detected: list[Found] = []
    for f in range(20):
        dx, dy = 4 * f % 17, 3 * f % 13
        detected += [(f, (20 + dx, 20 + dy, 40 + dx, 40 + dy), (7 * f + 3) % 10)]
        detected += [(f, (20, 65 + dy, 36, 85 + dy), (3 * f + 1) % 10)] if f % 3 else []
        detected += [(f, (70, 5, 90, 15), f % 10)] if f % 4 == 0 else []
    regions, tracks = (curve(*one(20, truth, detected)) for curve in (region_curve, track_curve))
    assert regions.threshold.tolist() == [np.inf, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert regions.false_positives * 20 == pytest.approx([0, 3, 5, 8, 11, 13, 16, 19, 23, 24, 27])
    assert regions.rate * 17 == pytest.approx([0, 0, 2, 2, 3, 4, 6, 7, 8, 10, 11])
    assert tracks.rate * 2 == pytest.approx([0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2])


def test_a_curve_is_cut_exactly_at_one_false_positive_a_frame() -> None:
    """One score for all: from (0, 0) straight to (2, 1), of which half the way counts: a triangle of 1 by 1/2."""
    box: Box = (0, 0, 10, 10)
    away: Box = (50, 50, 60, 60)
    assert rbdc(*one(1, [(0, box, 1)], [(0, box, 5), (0, away, 5), (0, away, 5)])) == 0.25
    beyond = DetectionCurve(np.array([np.inf, 2, 1]), np.array([0, 1.0, 5.0]), np.array([0, 0.5, 1.0]))
    assert beyond.area == 0.25


def test_perfect_and_empty_detections() -> None:
    truth: list[True_] = [(0, (0, 0, 10, 10), 1), (1, (5, 0, 15, 10), 1)]
    perfect = one(2, truth, [(f, box, 1) for f, box, _ in truth])
    assert (rbdc(*perfect), tbdc(*perfect)) == (1.0, 1.0)
    assert (rbdc(*one(2, truth, [])), tbdc(*one(2, truth, []))) == (0.0, 0.0)


@pytest.mark.parametrize(("share", "size", "enough"), [(0.1, 30, 3), (0.07, 100, 7), (0.14, 50, 7), (0.55, 100, 55)])
def test_just_enough_of_a_track_is_enough_whatever_binary_fractions_say(share: float, size: int, enough: int) -> None:
    box: Box = (0, 0, 10, 10)
    truth = [(frame, box, 1) for frame in range(size)]
    for found, expected in ((enough, 1.0), (enough - 1, 0.0)):
        assert tbdc(*one(size, truth, [(frame, box, 1) for frame in range(found)]), share=share) == expected


def test_tracks_of_two_videos_are_two_whatever_their_numbers() -> None:
    box: Box = (0, 0, 10, 10)
    assert tbdc(*columns([(1, [(0, box, 1)], [(0, box, 1)]), (1, [(0, box, 1)], [])])) == 0.5


def test_a_million_detections_take_seconds() -> None:
    generator = np.random.default_rng(0)
    corner = generator.integers(0, 300, (1_000_000, 2))
    frame = np.sort(generator.integers(0, 50_000, 1_000_000))
    detected = DetectedRegions(frame, np.concatenate([corner, corner + 20], 1), generator.random(1_000_000))
    rows = slice(None, None, 10)  # two true regions a frame
    truth = TrueRegions(50_000, frame[rows], detected.box[rows] + 3, frame[rows] // 50)
    start = time.process_time()
    rbdc([truth], [detected])
    tbdc([truth], [detected])
    assert time.process_time() - start < 15  # generous: a loop over thresholds would need hours


BOX = np.array([[0, 0, 10, 10]])
TRUTH = TrueRegions(2, np.array([1]), BOX, np.array([1]))
FOUND = DetectedRegions(np.array([1]), BOX, np.array([0.5]))


@pytest.mark.parametrize("figure", [rbdc, tbdc])
@pytest.mark.parametrize(
    ("truth", "detected", "says"),
    [
        ([TrueRegions(2, *map(np.array, ([], [], [])))], [FOUND], "undefined: no true region .* annotated videos"),
        ([], [], "undefined: no true region"),
        ([TRUTH], [], "one entry a video on either side"),
        ([TrueRegions(1, np.array([0]), BOX, np.array([1]))], [FOUND], "video 0: a detected region lies outside"),
    ],
)
def test_what_has_no_answer_gets_none(figure: Any, truth: Any, detected: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        figure(truth, detected)


def test_tbdc_needs_tracks_and_rbdc_does_not() -> None:
    untracked = TrueRegions(2, np.array([1]), BOX)
    assert rbdc([untracked], [FOUND]) == 1
    with pytest.raises(DataError, match=r"video 0: .* no tracks: .* use RBDC"):
        tbdc([untracked], [FOUND])


@pytest.mark.parametrize("value", [0, -0.1, 1.1, np.nan])
def test_shares_out_of_range_are_refused_by_name(value: float) -> None:
    with pytest.raises(SettingsError, match="overlap must be"):
        rbdc([TRUTH], [FOUND], overlap=value)
    with pytest.raises(SettingsError, match="share must be"):
        tbdc([TRUTH], [FOUND], share=value)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (([1], BOX, [np.nan]), "score of region 0 is NaN or infinite: leave out"),
        (([1], [[0, 0, np.inf, 1]], [1]), "box of region 0 is NaN or infinite"),
        (([np.nan], BOX, [1]), "one row of numbers each"),
        ((np.array([np.nan]), BOX, [1]), "whole numbers"),
        (([1.5], BOX, [1]), "whole numbers"),
        (([1], [[5, 0, 1, 1]], [1]), "detected region 0 has its corners in the wrong order"),
        (([1, 1], BOX, [1]), "one row of numbers each"),
        (([1], BOX, [1, 2]), "one row of numbers each"),
        (([1], BOX[0], [1]), "one row of numbers each"),
        (([1], BOX, ["high"]), "one row of numbers each"),
    ],
)
def test_detections_that_make_no_sense_are_refused(columns: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        DetectedRegions(*columns)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ((2, [2], BOX), "outside the video's 2 frames"),
        ((2, [-1], BOX), "outside the video's 2 frames"),
        ((0, [], []), "outside the video's 0 frames"),
        ((2, [1], [[0, 0, 0, 9]]), "true region 0 has no area"),
        ((2, [1], [[0, 0, np.nan, 9]]), "box of region 0 is NaN"),
        ((2, [1], BOX, [1, 2]), "one row of numbers each"),
        ((2, [1], BOX, [0.5]), "track must be whole numbers"),
    ],
)
def test_annotations_that_make_no_sense_are_refused(columns: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        TrueRegions(*columns)
