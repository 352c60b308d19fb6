"""Anomaly maps: as odd as the oddest thing in the frame, where it is, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError
from oddframe.scoring import MapScale, Smoothing, anomaly_map, find_hot_spots, frame_map
from oddframe.types import FloatArray, IntArray, Observations, Scored, Timeline, VideoInfo

INFO = VideoInfo("v", 40, 30, Fraction(10), 12)
NONE = Smoothing("none")


def seen(seed: int, count: int, maps: bool = False) -> Scored:
    """Observations of one to three frames in boxes that reach into the picture; low scores and high ones."""
    random = np.random.default_rng(seed)
    frame = np.sort(random.integers(0, 12, count))
    corner = random.uniform([-4, -4], [38, 28], (count, 2))
    box = np.concatenate([corner, np.maximum(corner + random.uniform(0.1, 25, (count, 2)), 0.5)], axis=1)
    rows = Observations(
        video="v",
        frame=frame,
        span=np.stack([frame, frame + random.integers(1, 4, count)], axis=1),
        ready=frame,
        box=box,
    )
    score = random.normal(1, 2, count).astype(np.float32)
    return Scored(rows, score, maps=random.random((count, 5, 7)).astype(np.float32) if maps else None)


def shuffled(scored: Scored, seed: int) -> Scored:
    """The same, with the rows of one frame in another order."""
    order: IntArray = np.lexsort((np.random.default_rng(seed).random(len(scored)), scored.observations.frame))
    return scored.select(order)


def timeline(scored: Scored) -> Timeline:
    return Timeline(INFO, np.zeros(12, np.float32), np.ones(12, np.bool_), scored)


def covering(scored: Scored, frame: int) -> FloatArray:
    span = scored.observations.span
    return scored.score[(span[:, 0] <= frame) & (frame < span[:, 1])]


cases = st.builds(seen, st.integers(0, 9999), st.integers(0, 8), st.booleans())


@settings(max_examples=100)
@given(cases, st.integers(0, 11), st.sampled_from([-9.0, 0.0, 1.0]))
def test_the_maximum_is_the_score_of_the_oddest_observation(scored: Scored, frame: int, floor: float) -> None:
    painted, there = frame_map(scored, INFO, frame, floor=floor), covering(scored, frame)
    assert painted.shape == (30, 40)
    assert painted.dtype == np.float32
    assert np.isnan(painted).all() == (len(there) == 0)
    if len(there):
        assert np.nanmax(painted) == there.max()


@settings(max_examples=50)
@given(cases, st.integers(0, 11), st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(scored: Scored, frame: int, seed: int) -> None:
    one, other = (anomaly_map(timeline(rows), frame, floor=0.0) for rows in (scored, shuffled(scored, seed)))
    np.testing.assert_array_equal(one, other)


@settings(max_examples=100)
@given(cases, st.integers(0, 11))
def test_a_box_is_painted_with_the_highest_score_on_it_and_nothing_else_is(scored: Scored, frame: int) -> None:
    """Pixel by pixel, written out: where a box touches a pixel, it paints it."""
    plain = replace(scored, maps=None)
    painted = frame_map(plain, INFO, frame, floor=0.0)
    expected = np.full((30, 40), np.nan, np.float32)
    rows = plain.observations
    for (x0, y0, x1, y1), span, score in zip(rows.box.tolist(), rows.span, plain.score, strict=True):
        if span[0] <= frame < span[1]:
            y, x = np.mgrid[:30, :40]
            touched = (x < x1) & (x + 1 > x0) & (y < y1) & (y + 1 > y0)
            expected[touched] = np.fmax(expected[touched], score)
    np.testing.assert_array_equal(painted, expected)


@settings(max_examples=40)
@given(cases, st.integers(0, 11), st.sampled_from(["average", "gaussian", "causal"]))
def test_smoothing_stays_within_what_it_smooths(scored: Scored, frame: int, kind: str) -> None:
    smoothing = Smoothing(kind, 0.3)  # type: ignore[arg-type]
    smooth = anomaly_map(timeline(scored), frame, floor=0.0, smoothing=smoothing)
    reach = len(smoothing.taps(10)) - 1
    last = frame + 1 if kind == "causal" else frame + reach + 1
    around = np.stack([frame_map(scored, INFO, f, floor=0.0) for f in range(max(frame - reach, 0), min(last, 12))])
    assert (np.isnan(smooth) == np.isnan(around).all(axis=0)).all()
    filled, there = np.nan_to_num(around, nan=0.0), np.isfinite(smooth)
    assert (smooth[there] <= filled.max(axis=0)[there] + 1e-5).all()
    assert (smooth[there] >= filled.min(axis=0)[there] - 1e-5).all()


def standing(frames: int, box: tuple[float, ...], score: float) -> Scored:
    at = np.arange(frames)
    rows = Observations(
        video="v", frame=at, span=np.stack([at, at + 1], axis=1), ready=at, box=np.tile(box, (frames, 1))
    )
    return Scored(rows, np.full(frames, score, np.float32))


def test_what_does_not_change_is_not_changed_by_smoothing() -> None:
    still = timeline(standing(12, (5, 5, 10, 10), 3.0))
    for frame in (0, 5, 11):
        np.testing.assert_allclose(
            anomaly_map(still, frame, floor=1.0), anomaly_map(still, frame, floor=1.0, smoothing=NONE), rtol=1e-6
        )


def test_a_blink_fades_to_the_floor_and_not_to_zero() -> None:
    blink = standing(12, (5, 5, 10, 10), 7.0).select(np.array([6]))
    values = anomaly_map(timeline(blink), 6, floor=1.0, smoothing=Smoothing("average", 3, "frames"))
    assert values[7, 7] == pytest.approx((7 + 1 + 1) / 3)
    assert np.isnan(values[0, 0])


def test_a_map_of_pixels_is_highest_where_the_model_says_and_scaled_to_its_score() -> None:
    pixels = np.zeros((1, 6, 8), np.float32)
    pixels[0, 2, 6] = 0.02
    one = replace(standing(1, (0, 0, 40, 30), 5.0), maps=pixels)
    painted = frame_map(one, INFO, 0, floor=1.0)
    y, x = np.unravel_index(np.argmax(painted), painted.shape)
    assert 10 <= y < 15
    assert 30 <= x < 35
    assert painted.max() == 5.0
    assert painted[:, :20].max() == 1.0


def test_hot_spots_stand_in_for_maps_that_were_not_kept() -> None:
    pixels = np.zeros((1, 6, 8), np.float32)
    pixels[0, 1:3, 1:4], pixels[0, 4, 6:8] = 0.9, 0.3
    whole = standing(1, (0, 0, 40, 30), 4.0)
    one = replace(whole, hot_spots=find_hot_spots(pixels, whole.observations.box, 0.1))
    painted = frame_map(one, INFO, 0, floor=1.0)
    assert (painted[7, 10], painted[22, 35]) == (4.0, pytest.approx(2.0))  # a third of the way from 1 to 4
    assert np.isnan(painted[0, 0])


def test_a_frame_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="v: no frame 12 to map; there are 12, from 0"):
        anomaly_map(timeline(seen(0, 3)), 12, floor=0.0)


@given(st.floats(-5, 5), st.floats(-5, 5), st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=9))
@example(floor=0.0, threshold=8.471365739593832e-142, values=[0.0, 0.0])
@example(floor=1.00000003, threshold=1.00000009, values=[0.0, 2.0])
def test_a_scale_keeps_order_and_puts_the_threshold_in_its_middle(
    floor: float, threshold: float, values: list[float]
) -> None:
    scale = MapScale.of(floor, threshold, highest=floor + 3)
    assert scale.low < scale.threshold < scale.high
    shares = scale.share(np.sort(np.array(values, np.float32)))
    assert (np.diff(shares) >= 0).all()
    assert ((shares >= 0) & (shares <= 1)).all()
    assert scale.share(np.array([scale.threshold], np.float32)) == pytest.approx(0.5, abs=1e-3)
    if np.float32(threshold) > np.float32(floor):
        assert scale.threshold == np.float32(threshold)


def test_without_a_threshold_the_highest_score_is_the_top_of_the_scale() -> None:
    assert MapScale.of(1.0, None, 7.0) == MapScale(1.0, 4.0, 7.0)
    assert MapScale.of(1.0, None) == MapScale(1.0, 1.5, 2.0)
