"""Tracks: who is who over time, and how long somebody has stayed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oddframe.observers.tracking import Tracker, Values, intersection_over_union

coordinates = st.integers(0, 40)
boxes = st.builds(
    lambda x, y, w, h: np.array([x, y, x + w, y + h], np.float64),
    coordinates,
    coordinates,
    st.integers(1, 20),
    st.integers(1, 20),
)


@given(boxes, boxes)
def test_overlap_is_that_of_counted_pixels(a: Values, b: Values) -> None:
    canvas = np.zeros((2, 64, 64), bool)
    for layer, box in zip(canvas, (a.astype(int), b.astype(int)), strict=True):
        layer[box[1] : box[3], box[0] : box[2]] = True
    expected = (canvas[0] & canvas[1]).sum() / (canvas[0] | canvas[1]).sum()
    np.testing.assert_allclose(intersection_over_union(a[None], b[None])[0, 0], expected)


def box(x: float, y: float = 0.0) -> Values:
    return np.array([x, y, x + 10, y + 20], np.float64)


def follow(tracker: Tracker, frame: int, *places: tuple[float, float]) -> list[int]:
    """Things at x, moving by v pixels a frame."""
    seen = tracker.follow(frame, [box(x) for x, _ in places], [np.array([v, 0.0]) for _, v in places])
    return [track.number for track in seen]


def test_two_that_pass_each_other_keep_their_numbers() -> None:
    tracker = Tracker(overlap=0.2, patience=3, still_patience=3)
    for frame in range(20):
        left, right = 4.0 * frame, 80 - 4.0 * frame
        assert follow(tracker, frame, (left, 4.0), (right, -4.0)) == [0, 1]


def test_a_lost_track_is_found_again_within_its_patience_and_not_after() -> None:
    for gap, expected in ((3, 0), (4, 1)):
        tracker = Tracker(overlap=0.2, patience=4, still_patience=9)
        follow(tracker, 0, (0.0, 3.0))
        for frame in range(1, gap + 1):
            follow(tracker, frame)
        assert follow(tracker, gap + 1, (3.0 * (gap + 1), 3.0)) == [expected]


def test_a_still_thing_is_waited_for_longer() -> None:
    tracker = Tracker(overlap=0.2, patience=2, still_patience=10)
    follow(tracker, 0, (0.0, 0.0))
    for frame in range(1, 9):
        follow(tracker, frame)
    assert follow(tracker, 9, (0.0, 0.0)) == [0]


def test_numbers_are_never_used_twice() -> None:
    tracker = Tracker(overlap=0.2, patience=1, still_patience=1)
    seen = [follow(tracker, frame, (100.0 * frame, 0.0))[0] for frame in range(5)]
    assert seen == [0, 1, 2, 3, 4]


def test_staying_is_counted_from_the_last_real_move() -> None:
    tracker = Tracker(overlap=0.2, patience=5, still_patience=5)
    stayed = []
    for frame, x in enumerate([0, 3, 6, 9, 12, 15, 18, 18, 18, 18]):
        (track,) = tracker.follow(frame, [box(float(x))], [np.array([3.0, 0.0])])
        stayed.append(track.stay(frame))
    # 0.6 of 20 pixels are 12: passed at x = 15, five frames after the start.
    assert stayed == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
