"""Foreground: slow walkers are found, groups come apart, one thing stays one, noise and light are nothing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from oddframe.errors import SettingsError
from oddframe.observers.foreground import boxes as rules
from oddframe.observers.foreground.base import Foreground
from oddframe.observers.foreground.blobs import Blob
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.observers.foreground.flow_threshold import FlowThreshold
from oddframe.observers.foreground.groups import UsualSize, is_sliver, split, tiled
from oddframe.observers.foreground.motion import Motion
from oddframe.types import FloatArray, ImageArray, VideoInfo
from tests.observers.test_flow_and_blobs import BACKDROP, THING

Scene = Callable[[int], list[tuple[float, float]]]
"""Where things are at a frame: left, top."""


def picture(places: list[tuple[float, float]], noise: int = 0, light: float = 0.0) -> ImageArray:
    seen = BACKDROP.astype(np.float32) + light
    for x, y in places:
        seen[round(y) : round(y) + 30, round(x) : round(x) + 20] = THING
    seen += np.random.default_rng(noise).normal(0, 2, seen.shape) if noise else 0
    return np.repeat(np.clip(seen, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def seen(
    foreground: Foreground, pictures: list[ImageArray], fps: int = 10, known: FloatArray = rules.NONE
) -> list[FloatArray]:
    """The boxes of each picture."""
    height, width = pictures[0].shape[:2]
    info = VideoInfo("v", width, height, Fraction(fps))
    stream, recent, found = foreground.open(info), RecentFlow(foreground.short_side, foreground.behind(info)), []
    for image in pictures:
        recent.push(image)
        found.append(stream.boxes(recent, known))
    return found


def covers(boxes: FloatArray, x: float, y: float, slack: float = 8) -> bool:
    """Whether one box holds the thing there, and little more."""
    wanted = np.array([x, y, x + 20, y + 30])
    return bool((np.abs(boxes - wanted).max(axis=1) <= slack).any())


@pytest.mark.parametrize("speed", [0.4, 1.0, 2.0])
def test_walkers_are_found_however_slow(speed: float) -> None:
    """0.4 pixels a frame are under the paper's threshold, and under the noise of flow between two frames."""
    places = [(10 + speed * t, 40.0) for t in range(50)]
    found = seen(Motion(standing=False), [picture([at]) for at in places])
    met = [covers(found[t], *places[t]) for t in range(10, 50)]
    assert np.mean(met) > (0.4 if speed < 1 else 0.7)  # whole pixels: the slow one stands in between
    if speed < 1:
        quick = seen(Motion(standing=False, slow=0), [picture([at]) for at in places])
        assert np.mean([covers(quick[t], *places[t]) for t in range(10, 50)]) < np.mean(met)


def test_two_who_meet_are_two() -> None:
    """One of usual size has been there for long; then two come from both sides, and overlap."""

    def there(t: int) -> list[tuple[float, float]]:
        return [(20 + 2 * t, 40)] if t < 60 else [(20 + 2 * (t - 60), 40), (80 - 2 * (t - 60), 40)]

    pictures = [picture(there(t)) for t in range(72)]
    apart, together = seen(Motion(standing=False), pictures), seen(Motion(standing=False, split=False), pictures)
    assert all(covers(apart[69], *at) for at in there(69))
    assert not all(covers(together[69], *at) for at in there(69))


def test_a_thing_before_the_empty_scene_is_known_is_found_by_flow_alone() -> None:
    found = seen(Motion(), [picture([(10 + 2 * t, 40)]) for t in range(10)])
    assert all(covers(found[t], 10 + 2 * t, 40, slack=8) for t in range(3, 10))


def test_a_thing_left_behind_stays_foreground() -> None:
    pictures = [picture([(60, 40)] if t > 40 else []) for t in range(60)]
    assert any(
        55 <= (x0 + x1) / 2 <= 85 and 35 <= (y0 + y1) / 2 <= 75 for x0, y0, x1, y1 in seen(Motion(), pictures)[-1]
    )
    assert not len(seen(Motion(standing=False), pictures)[-1])


def test_noise_and_a_change_of_light_are_nothing() -> None:
    noisy = [picture([], noise=t + 1) for t in range(50)]
    assert not any(len(boxes) for boxes in seen(Motion(), noisy))
    lit = [picture([], light=0.5 * max(0, t - 35)) for t in range(60)]
    assert not any(len(boxes) for boxes in seen(Motion(), lit)[40:])


@pytest.mark.parametrize("foreground", [Motion(), FlowThreshold()])
def test_what_a_detector_found_is_not_found_again(foreground: Foreground) -> None:
    moving = [picture([(10 + 2 * t, 10), (10 + 2 * t, 80)]) for t in range(12)]
    known = np.array([[0, 0, 160, 50]], np.float32)
    assert all(len(boxes) for boxes in seen(foreground, moving)[4:])
    for boxes in seen(foreground, moving, known=known)[4:]:
        assert len(boxes)
        assert (boxes[:, 1] > 40).all()


def test_what_a_detection_leaves_of_a_thing_is_no_thing_of_its_own() -> None:
    """Boxes a little too small leave limbs; what moves far from them is found, however small."""

    def walk(t: int) -> ImageArray:
        image = picture([(10 + 2 * t, 40)])
        image[100:110, 140 - 2 * t : 150 - 2 * t] = 250
        return image

    info = VideoInfo("v", 160, 120, Fraction(10))
    foreground = Motion(standing=False, short_side=120)
    stream, recent = foreground.open(info), RecentFlow(120, foreground.behind(info))
    for t in range(40):
        recent.push(walk(t))
        boxes = stream.boxes(recent, np.array([[10 + 2 * t, 34, 30 + 2 * t, 64]], np.float32))
        if t >= 30:  # by then it is known how large things are
            assert len(boxes)
            assert (boxes[:, 1] > 90).all()


def test_boxes_of_the_paper_s_rule() -> None:
    """An outer contour over the least area and not too slim, with its margin; all from the frame before alone."""
    pictures = [picture([(10, 40)]), picture([(13, 40)])]
    assert covers(seen(FlowThreshold(), pictures)[1], 13, 40, slack=14)
    assert not len(seen(FlowThreshold(smallest=100), pictures)[1])
    assert not len(seen(FlowThreshold(slimmest=1.01), pictures)[1])
    assert not len(seen(FlowThreshold(), pictures)[0])


def blob(mask: np.typing.NDArray[np.bool_]) -> Blob:
    return Blob(5, 7, 5 + mask.shape[1], 7 + mask.shape[0], mask)


USUAL = (14.0, 30.0, 400.0)


def test_one_body_that_moves_as_one_stays_whole() -> None:
    flow = np.zeros((80, 80, 2), np.float32)
    flow[...] = [2, 0]
    whole, wide = blob(np.ones((30, 14), np.bool_)), blob(np.ones((30, 40), np.bool_))
    assert split(whole, flow, USUAL, 1.5) == [whole]
    assert split(wide, flow, USUAL, 1.5) == [wide]
    flow[30:, 5:12, 0] = 4  # a leg that swings
    assert split(wide, flow, USUAL, 1.5) == [wide]
    flow[:, :20], flow[:, 20:] = [2, 0], [-2, 0]
    assert split(wide, flow, None, 1.5) == [wide]


def test_a_blob_is_split_by_direction_and_at_a_neck() -> None:
    flow = np.zeros((80, 80, 2), np.float32)
    flow[:, :20, 0], flow[:, 20:, 0] = 2, -2
    parts = split(blob(np.ones((30, 30), np.bool_)), flow, USUAL, 1.5)
    assert sorted((p.left, p.right) for p in parts) == [(5, 20), (20, 35)]
    flow[:, 35:, 0] = 2  # and a third behind, who walks as the first does
    parts = split(blob(np.ones((30, 45), np.bool_)), flow, USUAL, 1.5)
    assert sorted((p.left, p.right) for p in parts) == [(5, 20), (20, 35), (35, 50)]
    two = np.zeros((30, 32), np.bool_)
    two[:, :14] = two[:, 18:] = two[14:17] = True
    flow[...] = [2, 0]
    parts = split(blob(two), flow, USUAL, 1.5)
    assert sorted((p.left, p.right) for p in parts) == [(5, 21), (21, 37)]
    assert sum(int(p.inside.sum()) for p in parts) == int(two.sum())


def test_who_cannot_be_told_apart_are_cut_into_pieces_of_the_usual_size() -> None:
    """Five people side by side at one pace, two of them one behind the other."""
    crowd = np.ones((60, 56), np.bool_)
    crowd[:30, 14:] = False
    pieces = tiled(blob(crowd), USUAL)
    assert sorted((p.left, p.top, p.right, p.bottom) for p in pieces) == [
        (5, 7, 19, 37),
        (5, 37, 19, 67),
        (19, 37, 33, 67),
        (33, 37, 47, 67),
        (47, 37, 61, 67),
    ]
    assert sum(int(p.inside.sum()) for p in pieces) == int(crowd.sum())


def test_a_piece_that_is_hardly_there_is_left_out_and_one_thing_stays_whole() -> None:
    crowd = np.ones((30, 28), np.bool_)
    crowd[8:, 14:] = False  # 112 of 400 pixels
    assert [(p.left, p.right) for p in tiled(blob(crowd), USUAL)] == [(5, 19)]
    one = blob(np.ones((30, 20), np.bool_))
    assert tiled(one, USUAL) == [one]
    assert tiled(blob(crowd), None)[0].right == 33


@pytest.mark.parametrize(("left", "sliver"), [(2, True), (40, False)])
def test_only_the_picture_s_edge_makes_slivers(left: int, sliver: bool) -> None:
    small = Blob(left, 40, left + 6, 60, np.ones((20, 6), np.bool_))
    assert is_sliver(small, USUAL, (120, 160), 2) is sliver
    assert not is_sliver(small, None, (120, 160), 2)
    assert not is_sliver(Blob(left, 40, left + 14, 70, np.ones((30, 14), np.bool_)), USUAL, (120, 160), 2)


def test_people_who_walk_abreast_get_a_box_each() -> None:
    def there(t: int) -> list[tuple[float, float]]:
        return [(20 + 2 * t, 40)] if t < 60 else [(8 + 20 * n + 2 * (t - 60), 40) for n in range(3)]

    pictures = [picture(there(t)) for t in range(72)]
    whole, cut = (seen(Motion(standing=False, tile=tile), pictures)[70] for tile in (False, True))
    assert [covers(cut, *at) for at in there(70)] == [True] * 3
    assert not any(covers(whole, *at) for at in there(70))


def test_what_is_usual_depends_on_the_place() -> None:
    usual, far = UsualSize(enough=3), blob(np.ones((10, 4), np.bool_))
    near = Blob(5, 50, 25, 90, np.ones((40, 20), np.bool_))
    assert usual.at(near) is None
    usual.learn([near, near, near, far, far, far])
    assert usual.at(near) == (20, 40, 800)
    assert usual.at(far) == (4, 10, 40)


@pytest.mark.parametrize("wrong", [{"step": 0.0}, {"apart": -1.0}, {"slimmest": 0.5}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="motion"):
        Motion(**wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="flow-threshold"):
        FlowThreshold(smallest=-1)
