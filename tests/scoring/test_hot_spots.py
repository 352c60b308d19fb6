"""What stands out in a map: where it is, however large the picture, and nothing where nothing is above the level."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.scoring import MapUse, find_hot_spots, map_level, map_peaks
from oddframe.types import FloatArray, HotSpots, Observations, Scored, VideoInfo

INFO = VideoInfo("v", 80, 40, Fraction(10))


def maps(seed: int, count: int = 5, height: int = 9, width: int = 12) -> FloatArray:
    """Noise with a few high cells."""
    random = np.random.default_rng(seed)
    values: FloatArray = random.random((count, height, width)).astype(np.float32)
    values[random.random(values.shape) > 0.9] += 2
    return values


def whole(count: int, info: VideoInfo = INFO) -> FloatArray:
    return np.tile(np.array([0, 0, info.width, info.height], np.float32), (count, 1))


def scored(pictures: FloatArray | None, box: FloatArray | None = None, count: int = 5, first: int = 0) -> Scored:
    frame = np.arange(first, first + count)
    seen = Observations(
        video="v",
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=whole(count) if box is None else box,
    )
    return Scored(seen, np.zeros(count, np.float32), maps=pictures)


def same(one: HotSpots, other: HotSpots) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("row", "box", "score"))


@given(st.integers(0, 999), st.floats(-0.5, 3.5), st.floats(-50, 50), st.floats(1, 3000))
def test_hot_spots_lie_in_their_box_and_hold_what_is_above(seed: int, level: float, corner: float, size: float) -> None:
    pictures = maps(seed)
    boxes = np.tile(np.array([corner, 2 * corner, corner + size, 2 * corner + size / 3], np.float32), (5, 1))
    found = find_hot_spots(pictures, boxes, level)
    of = boxes[found.row]
    assert (found.box[:, :2] >= of[:, :2]).all()
    assert (found.box[:, 2:] <= of[:, 2:]).all()
    assert (found.box[:, :2] < found.box[:, 2:]).all()
    assert (found.score > level).all()
    for row, picture in enumerate(pictures):  # every cell above the level lies in a hot spot, and the peaks are told
        assert (picture > level).any() == bool((found.row == row).any())
        assert picture.max() == found.score[found.row == row].max(initial=-np.inf) or picture.max() <= level
        cells = np.argwhere(picture > level)[:, ::-1] + 0.5
        middles = boxes[row, :2] + cells / [12, 9] * (boxes[row, 2:] - boxes[row, :2])
        own = found.box[found.row == row]
        inside = (middles[:, None] > own[None, :, :2]) & (middles[:, None] < own[None, :, 2:])
        assert inside.all(axis=2).any(axis=1).all()


@given(st.integers(0, 999), st.integers(1, 30))
def test_larger_pictures_have_larger_boxes(seed: int, factor: int) -> None:
    pictures, boxes = maps(seed), whole(5)
    small, large = find_hot_spots(pictures, boxes, 1.5), find_hot_spots(pictures, factor * boxes, 1.5)
    np.testing.assert_allclose(large.box, factor * small.box, rtol=1e-6)
    np.testing.assert_array_equal(large.score, small.score)


def test_a_narrow_gap_does_not_part_a_thing_and_a_wide_one_does() -> None:
    picture = np.zeros((1, 6, 12), np.float32)
    picture[0, 1:5, 1:3] = picture[0, 1:5, 4:6] = 1
    picture[0, 1:5, 9:11] = 3
    found = find_hot_spots(picture, np.array([[0, 0, 12, 6]], np.float32), 0.5)
    assert found.box.tolist() == [[1, 1, 6, 5], [9, 1, 11, 5]]
    assert found.score.tolist() == [1, 3]


def test_a_single_cell_of_a_fine_map_is_noise() -> None:
    picture = np.zeros((1, 64, 64), np.float32)
    picture[0, 5, 5] = 9
    picture[0, 40:43, 40:43] = 1
    assert find_hot_spots(picture, whole(1), 0.5).score.tolist() == [1]


def test_pieces_and_parts_of_a_video_keep_their_hot_spots() -> None:
    """However rows come together, and whichever are left out or moved, each keeps what was found in it."""
    pictures, use = maps(3), MapUse(1.5, keep=True)
    one = use.of(scored(pictures), INFO)
    cuts = [(0, 2), (2, 2), (2, 5)]
    pieces = [use.of(scored(pictures[a:b], whole(b - a), b - a, first=a), INFO) for a, b in cuts]
    assert one.hot_spots is not None
    joined = Scored.concatenate(pieces).hot_spots
    assert joined is not None
    assert same(joined, one.hot_spots)
    for rows in ([1, 2, 4], [0], [], [4, 0]):  # in any order: what is moved in time need not keep it
        part = one.hot_spots.select(np.array(rows, np.int64), 5)
        assert part.row.tolist() == [
            new for new, row in enumerate(rows) for _ in np.flatnonzero(one.hot_spots.row == row)
        ]
        for new, row in enumerate(rows):
            assert np.array_equal(part.box[part.of(new)], one.hot_spots.box[one.hot_spots.of(row)])
    kept = one.select(np.array([1, 3]))
    assert kept.maps is not None
    assert np.array_equal(kept.maps, pictures[[1, 3]])
    assert kept.hot_spots is not None
    assert same(kept.hot_spots, one.hot_spots.select(np.array([1, 3]), 5))


def test_maps_stay_only_where_asked_for() -> None:
    told = [MapUse(level, keep).of(scored(maps(0)), INFO) for level in (None, 1.5) for keep in (False, True)]
    assert [one.maps is not None for one in told] == [False, True, False, True]
    assert [one.hot_spots is not None for one in told] == [False, False, True, True]


def test_what_is_only_a_part_of_the_frame_has_a_box_already() -> None:
    box = whole(5)
    box[2] = [10, 10, 20, 20]
    assert MapUse(1.5).of(scored(maps(0), box), INFO).hot_spots is None
    assert MapUse(1.5).of(scored(None), INFO).hot_spots is None


@pytest.mark.parametrize("side", [8, 64])
def test_at_least_half_of_the_normal_maps_hold_no_region(side: int) -> None:
    """And if their highest cells lie together, hardly more than half: single cells do not raise the level."""
    random = np.random.default_rng(side)
    pictures = random.random((101, side, side)).astype(np.float32)
    for picture, top in zip(pictures, random.uniform(2, 9, 101), strict=True):
        picture[2:5, 3:6] = top + np.linspace(0, 1, 9).reshape(3, 3)
        if side == 64:
            picture[40, 40] = 50
    peaks = map_peaks(scored(pictures, whole(101), 101))
    assert peaks is not None
    level = map_level([peaks[:40], peaks[40:]])
    assert level is not None
    with_spot = len(np.unique(find_hot_spots(pictures, whole(101), level).row))
    assert 45 <= with_spot <= 51
    assert map_level([]) is None
    assert map_peaks(scored(None)) is None


def test_hot_spots_come_in_the_order_of_rows() -> None:
    with pytest.raises(ValueError, match="order"):
        HotSpots(np.array([1, 0]), np.zeros((2, 4), np.float32), np.zeros(2, np.float32))
