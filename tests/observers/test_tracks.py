"""The tracks observer: what it says of people who walk, run, turn and fall, and whom it says nothing of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError
from oddframe.observers.tracks import Tracks
from oddframe.types import Observations, VideoInfo
from oddframe.video import TrackVideo

Array = np.ndarray[Any, Any]

ALL = {"acceleration": True, "straightness": True, "place": True}


def walker(
    seconds: float = 4.0, fps: int = 24, *, speed: float = 0.5, height: float = 100.0, start: float = 100.0
) -> tuple[Array, Array]:
    """Frames and boxes of somebody who walks to the right, `speed` heights a second, and swings a little."""
    frame = np.arange(round(seconds * fps))
    time = frame / fps
    x = start + speed * height * time
    width = 0.4 * height * (1 + 0.1 * np.sin(2 * np.pi * 1.8 * time))
    top = np.full(len(frame), 150.0)
    return frame, np.stack([x - width / 2, top, x + width / 2, top + height], axis=1)


def recording(frame: Array, box: Array, *, fps: int = 24, scale: float = 1.0, track: int | Array = 1) -> TrackVideo:
    width, height = round(800 * scale), round(480 * scale)
    return TrackVideo(frame, np.broadcast_to(track, len(frame)), box * scale, width=width, height=height, fps=fps)


def observe(video: TrackVideo, observer: Tracks | None = None) -> Observations:
    stream = (observer or Tracks(**ALL)).open(video.info)
    return Observations.concatenate([*(stream.push(frame) for frame in video), stream.close()])


def at(found: Observations, name: str, frame: int) -> Array:
    """What is said of the one person in a frame."""
    (row,) = np.flatnonzero(found.frame == frame)
    return found.data[name][row].numpy()


def test_speed_is_in_heights_a_second() -> None:
    found = observe(recording(*walker(speed=0.8)))
    np.testing.assert_allclose(at(found, "velocity", 60), [0.8, 0], atol=0.01)
    np.testing.assert_allclose(at(found, "travel", 60), 0.8, atol=0.01)
    np.testing.assert_allclose(at(found, "straightness", 60), 1, atol=0.01)
    np.testing.assert_allclose(at(found, "acceleration", 60), 0, atol=0.01)


@settings(max_examples=25)
@given(st.sampled_from([8, 12, 16, 30, 48]), st.floats(0.5, 2.0))
def test_rate_and_resolution_do_not_matter(fps: int, scale: float) -> None:
    known, other = observe(recording(*walker())), observe(recording(*walker(fps=fps), fps=fps, scale=scale))
    for name in ("velocity", "travel", "straightness", "acceleration", "shape", "size", "place"):
        np.testing.assert_allclose(at(other, name, 2 * fps), at(known, name, 48), atol=0.08, err_msg=name)


def test_to_the_left_is_like_to_the_right() -> None:
    frame, box = walker()
    mirrored = 800 - box[:, [2, 1, 0, 3]]
    mirrored[:, [1, 3]] = box[:, [1, 3]]
    right, left = observe(recording(frame, box)), observe(recording(frame, mirrored))
    for name in ("velocity", "travel", "gait", "shape"):
        np.testing.assert_allclose(left.data[name], right.data[name], atol=1e-4, err_msg=name)


def test_who_turns_back_has_not_come_far() -> None:
    _, box = walker(seconds=2)
    there_and_back = observe(recording(np.arange(96), np.concatenate([box, box[::-1]])))
    assert at(there_and_back, "travel", 68) < 0.2
    assert at(there_and_back, "straightness", 68) < 0.5
    assert at(there_and_back, "velocity", 68)[0] > 0.4
    assert at(there_and_back, "acceleration", 56) > 0.4


def test_who_rides_does_not_swing() -> None:
    frame, box = walker()
    middle = (box[:, 0] + box[:, 2]) / 2
    gliding = np.stack([middle - 20, box[:, 1], middle + 20, box[:, 3]], axis=1)
    walks, rides = observe(recording(frame, box)), observe(recording(frame, gliding))
    assert at(walks, "gait", 60)[0] > at(rides, "gait", 60)[0] + 0.5
    jumping = box.copy()
    jumping[:, [1, 3]] -= 20 * np.abs(np.sin(frame / 4))[:, None]
    assert at(observe(recording(frame, jumping)), "gait", 60)[1] > at(walks, "gait", 60)[1] + 0.5


def test_who_has_just_appeared_is_not_spoken_of_until_motion_is_known() -> None:
    video = recording(*walker())
    found = observe(video, Tracks(ahead=0.25, confirm=0.5))
    assert found.frame[0] == 12 - 6
    np.testing.assert_allclose(found.data["velocity"][0], [0.5, 0], atol=0.02)
    assert observe(video, Tracks(ahead=0.5, confirm=0.5)).frame[0] == 0


def test_nothing_is_known_before_it_is_seen() -> None:
    video = recording(*walker())
    for ahead in (0.0, 0.25):
        found = observe(video, Tracks(ahead=ahead))
        assert (found.ready == found.frame + round(24 * ahead)).all()
        shorter = recording(*(part[:61] for part in walker()))
        early = observe(shorter, Tracks(ahead=ahead))
        known = found.select(np.flatnonzero(found.ready <= 60))
        np.testing.assert_array_equal(early.frame, known.frame)
        for name, values in known.data.items():
            np.testing.assert_allclose(early.data[name], values, atol=1e-5, err_msg=name)


def test_boxes_that_the_border_cuts_are_left_out() -> None:
    frame, box = walker(seconds=2, start=50, speed=-0.3)
    cut = np.clip(box, 0, None)
    found = observe(recording(frame, cut))
    assert 0 < len(found) < (cut[:, 0] > 0).sum()
    assert (found.box[:, 0] > 0).all()
    assert (cut[:, 0] == 0).sum() > 10


def test_a_lost_person_goes_on_where_the_gap_is_short() -> None:
    frame, box = walker(seconds=6)
    kept = np.flatnonzero((frame < 60) | (frame >= 62))
    found = observe(recording(frame[kept], box[kept]))
    np.testing.assert_allclose(at(found, "velocity", 65), [0.5, 0], atol=0.02)
    long = np.flatnonzero((frame < 60) | (frame >= 80))
    again = observe(recording(frame[long], box[long]), Tracks(ahead=0, confirm=0.5))
    assert 79 + 12 not in again.frame
    assert 80 + 12 in again.frame


def test_a_person_who_is_often_lost_is_not_spoken_of() -> None:
    frame, box = walker()
    found = observe(recording(frame[::2], box[::2]))
    assert not len(found)
    assert len(observe(recording(frame[::2], box[::2]), Tracks(seen=0.4)))


def test_a_switched_identity_is_no_fast_move() -> None:
    frame, box = walker()
    box[48:, [0, 2]] += 300
    found = observe(recording(frame, box), Tracks(ahead=0))
    assert found.data["velocity"].abs().max() < 0.6
    assert not set(range(48, 54)) & set(found.frame.tolist())
    assert observe(recording(frame, box), Tracks(ahead=0, fastest=1e6)).data["velocity"].abs().max() > 5


def test_others_in_view_change_nothing() -> None:
    frame, box = walker()
    alone = observe(recording(frame, box, track=5))
    both = TrackVideo(
        np.tile(frame, 2), np.repeat([5, 2], len(frame)), np.concatenate([box, box + 90]), width=800, height=480, fps=24
    )
    found = observe(both)
    assert found.track is not None
    same = found.select(np.flatnonzero(found.track == 5))
    np.testing.assert_array_equal(same.frame, alone.frame)
    for name, values in alone.data.items():
        np.testing.assert_allclose(same.data[name], values, atol=1e-5, err_msg=name)


def test_settings_out_of_range_are_refused() -> None:
    off = dict.fromkeys(("velocity", "travel", "shape", "gait", "size"), False)
    for wrong, says in (
        ({"patience": 0.0}, "patience must be over 0"),
        ({"ahead": -1.0}, "ahead must not be negative"),
        ({"seen": 1.5}, "seen must lie in"),
        (off, "every entry is switched off"),
    ):
        with pytest.raises(SettingsError, match=says):
            Tracks(**wrong)
    with pytest.raises(SettingsError, match="too few to follow things"):
        Tracks().window(VideoInfo("slow", 9, 9, Fraction(1)))
