"""Foreground: what moved is found where it is, and noise, light and departures are not mistaken for it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from oddframe.observers.foreground.background import Background
from oddframe.observers.foreground.blobs import (
    ForegroundRule,
    connected_blobs,
    moving_mask,
    standing_blobs,
    whole_mask,
)
from oddframe.observers.foreground.flow import Grey, InverseSearchFlow, working_grey

RULE = ForegroundRule(displacement=0.7, contrast=6, standing=24, part=20, smallest=30, border=6)


def texture(height: int, width: int, seed: int) -> Grey:
    """Smooth random texture that flow can hold on to."""
    rough = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), 2)
    return np.asarray(cv2.normalize(smooth, np.zeros_like(smooth), 40, 220, cv2.NORM_MINMAX), np.uint8)


BACKDROP = texture(120, 160, seed=0)
THING = texture(30, 20, seed=1)


def scene(x: int | None, y: int = 40, noise: float = 0.0, seed: int = 0, light: int = 0) -> Grey:
    """The backdrop with the thing at (x, y), or without it."""
    picture = BACKDROP.astype(np.float32) + light
    if x is not None:
        picture[y : y + 30, x : x + 20] = THING
    picture += np.random.default_rng(seed).normal(0, 1, picture.shape) * noise
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_flow_tells_how_far_things_have_come_at_their_new_place() -> None:
    flow = InverseSearchFlow()(scene(60, 40), scene(63, 38))
    inside = flow[44:60, 68:78]
    np.testing.assert_allclose(np.median(inside, axis=(0, 1)), [3, -2], atol=0.4)
    assert np.abs(np.median(flow[90:, :40], axis=(0, 1))).max() < 0.1


@pytest.mark.parametrize("shape", [(8, 8), (1, 30)])
def test_tiny_pictures_have_no_flow(shape: tuple[int, int]) -> None:
    assert not InverseSearchFlow()(np.zeros(shape, np.uint8), np.full(shape, 9, np.uint8)).any()


def test_working_picture_is_never_enlarged_and_keeps_its_aspect() -> None:
    assert working_grey(np.zeros((100, 60, 3), np.uint8), 240).shape == (100, 60)
    assert working_grey(np.zeros((1080, 1920, 3), np.uint8), 240).shape == (240, 427)


def moved(previous: Grey, current: Grey) -> list[tuple[int, int, int, int]]:
    mask = moving_mask(InverseSearchFlow()(previous, current), previous, current, RULE)
    return [(r.left, r.top, r.right, r.bottom) for r in connected_blobs(mask, RULE.smallest)]


def test_a_moving_thing_is_one_blob_around_it() -> None:
    (box,) = moved(scene(60), scene(64))
    assert np.abs(np.array(box) - [64, 40, 84, 70]).max() <= 6


@pytest.mark.parametrize("noise", [2.0, 8.0, 20.0])
def test_a_noisy_camera_is_not_a_crowd(noise: float) -> None:
    assert moved(scene(None, noise=noise, seed=1), scene(None, noise=noise, seed=2)) == []


def test_a_change_of_light_is_not_motion() -> None:
    assert moved(scene(None), scene(None, light=20)) == []


def test_what_touches_the_border_is_cut_off_there() -> None:
    (box,) = moved(scene(0), scene(4))
    assert box[0] >= RULE.border


def completed(moving: tuple[slice, slice], *apart: tuple[slice, slice]) -> list[list[int]]:
    """Boxes of what moves, where these stretches differ from the empty scene by 40 grey levels."""
    mask, difference = np.zeros(BACKDROP.shape, bool), np.zeros(BACKDROP.shape, np.float32)
    mask[moving] = True
    for stretch in apart:
        difference[stretch] = 40
    found = connected_blobs(whole_mask(mask, difference, RULE), RULE.smallest)
    return [[blob.left, blob.top, blob.right, blob.bottom] for blob in found]


def test_legs_that_move_bring_the_trunk_above_them() -> None:
    (box,) = completed(np.s_[60:70, 50:62], np.s_[30:70, 50:62])
    assert np.abs(np.array(box) - [50, 30, 62, 70]).max() <= 2


def test_what_stands_by_is_not_part_of_what_moves() -> None:
    passing, beside = np.s_[60:70, 40:48], np.s_[30:80, 80:100]
    assert completed(passing, beside) == [[40, 60, 48, 70]]


def test_a_passer_by_does_not_become_the_wall_that_he_covers() -> None:
    """He is under a tenth of a stretch that differs, as one that the sun came out on does."""
    assert completed(np.s_[60:66, 40:46], np.s_[10:100, 10:130]) == [[40, 60, 46, 66]]


def test_without_a_level_for_parts_only_what_moves_is_found() -> None:
    moving, difference = scene(None) > 250, np.full(BACKDROP.shape, 90, np.float32)
    moving[60:70, 50:62] = True
    assert np.array_equal(whole_mask(moving, difference, replace(RULE, part=None)), moving)


def watched(pictures: list[Grey], fps: int = 5) -> list[int]:
    """How many standing blobs each picture has, nothing moving."""
    background = Background(Fraction(fps))
    still = np.zeros(BACKDROP.shape, bool)
    found = []
    for picture in pictures:
        difference = background.difference(picture)
        blobs = [] if difference is None else standing_blobs(background, picture, difference, still, RULE)
        found.append(len(blobs))
    return found


def test_a_thing_left_behind_stands_until_it_is_taken() -> None:
    seconds = 5
    found = watched([scene(None)] * 20 + [scene(50)] * (60 * seconds) + [scene(None)] * 10)
    assert set(found[:20]) == {0}
    assert set(found[20:-10]) == {1}  # a whole minute: it does not melt into the floor
    assert set(found[-10:]) == {0}


def test_somebody_who_was_there_from_the_start_leaves_no_ghost() -> None:
    found = watched([scene(50)] * 20 + [scene(None)] * 20)
    assert set(found) == {0}


def test_slow_daylight_leaves_nothing_standing() -> None:
    found = watched([scene(None, light=round(frame * 0.3)) for frame in range(100)])
    assert set(found) == {0}


@pytest.mark.parametrize("light", [0.6, 1.35])
def test_a_patch_of_sun_or_shade_is_not_a_thing(light: float) -> None:
    patch = scene(None).astype(np.float32) * 0.7
    changed = patch.copy()
    changed[30:80, 40:90] *= light
    before, after = (np.clip(picture, 0, 255).astype(np.uint8) for picture in (patch, changed))
    assert set(watched([before] * 20 + [after] * 20)) == {0}
