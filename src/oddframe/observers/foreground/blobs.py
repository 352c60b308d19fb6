"""Foreground blobs: connected stretches of picture that move, or that stand where nothing stood."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from oddframe.observers.foreground.background import Background
from oddframe.observers.foreground.flow import Grey, RecentFlow
from oddframe.types import BoolArray, FloatArray

MOVING_SHARE = 0.1
"""Of a stretch that differs from the empty scene: walkers move that much of themselves between two pictures."""

_SQUARE = np.ones((3, 3), np.uint8)
_CROSS: MatLike = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """One connected blob, in pixels of the working picture.

    Args:
        left, top, right, bottom: its box, the last two one past the end.
        inside: (bottom - top, right - left) which pixels of the box belong to it.
    """

    left: int
    top: int
    right: int
    bottom: int
    inside: BoolArray


@dataclass(frozen=True, slots=True)
class ForegroundRule:
    """When a pixel counts as foreground, and a blob as one.

    Args:
        displacement: pixels that it must have moved between the two pictures; the flow's own noise lies under this.
        contrast: grey levels by which it must have changed; raised to five times the picture's median change, so
            that a noisy camera does not look like a crowd.
        standing: grey levels by which it must differ from the empty scene to count as standing there.
        part: grey levels by which it must differ from the empty scene to be part of something that moves; None = only
            what moves itself is.
        smallest: pixels of the smallest blob.
        border: pixels at the picture's edge that are ignored: there half of what flow needs lies outside.
    """

    displacement: float
    contrast: float
    standing: float
    part: float | None
    smallest: float
    border: int


def moving_mask(flow: FloatArray, previous: Grey, current: Grey, rule: ForegroundRule) -> BoolArray:
    """Which pixels move: far enough by the flow, and changed by more than noise. (h, w) bool."""
    change = cv2.blur(cv2.absdiff(current, previous), (3, 3))
    contrast = max(rule.contrast, 5 * float(np.median(change[::2, ::2])))
    mask = (np.hypot(flow[..., 0], flow[..., 1]) > rule.displacement) & (change > contrast)
    return _tidied(mask, rule.border, _CROSS)


def whole_mask(moving: BoolArray, difference: FloatArray, rule: ForegroundRule) -> BoolArray:
    """What moves, completed by what differs from the empty scene around it. (h, w) bool.

    Flow sees swinging legs and not the trunk above them. A connected stretch that differs belongs to what moves if
    `MOVING_SHARE` of it does; one that differs by its light alone, or stands by, has no such share.
    """
    if rule.part is None:
        return moving
    apart = _tidied(cv2.blur(np.abs(difference), (3, 3)) > rule.part, rule.border, None)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(apart.astype(np.uint8))
    moves = np.bincount(labels[moving], minlength=count) > MOVING_SHARE * stats[:, cv2.CC_STAT_AREA]
    moves[0] = False
    return np.asarray(moving | moves[labels])


def standing_mask(difference: FloatArray, moving: BoolArray, rule: ForegroundRule) -> BoolArray:
    """Which pixels differ from the empty scene and keep clear of what moves. (h, w) bool."""
    near = cv2.dilate(moving.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    mask = (cv2.blur(np.abs(difference), (3, 3)) > rule.standing) & ~near
    return _tidied(mask, rule.border, np.ones((5, 5), np.uint8))


def connected_blobs(mask: BoolArray, smallest: float) -> list[Blob]:
    """The mask's 8-connected blobs of at least `smallest` pixels, in the order of their first pixel."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    found = []
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        if area >= smallest:
            inside = labels[top : top + height, left : left + width] == label
            found.append(Blob(left, top, left + width, top + height, inside))
    return found


def foreground_blobs(
    flow: FloatArray, previous: Grey, recent: RecentFlow, background: Background | None, rule: ForegroundRule
) -> list[Blob]:
    """Find what moves, completed where the background is known, and then what stands; the background learns on the way.

    Args:
        flow: (h, w, 2) pixels from the previous picture to the newest one.
        previous: (h, w) that picture.
        recent: holds the newest one.
        background: of the scene; None where it is not learnt.
        rule: when a pixel counts.
    """
    current = recent.grey()
    assert current is not None
    moving = moving_mask(flow, previous, current, rule)
    difference = None if background is None else background.difference(current, recent.position)
    if background is None or difference is None:
        return connected_blobs(moving, rule.smallest)
    whole = whole_mask(moving, difference, rule)
    standing = standing_blobs(background, current, difference, whole, rule)
    return connected_blobs(whole, rule.smallest) + standing


def standing_blobs(
    background: Background, grey: Grey, difference: FloatArray, moving: BoolArray, rule: ForegroundRule
) -> list[Blob]:
    """What stands in front of the empty scene; the background learns from the rest.

    A place that differs because somebody left it, or because the light on it changed, is given back to the background
    instead.

    Args:
        background: the empty scene.
        grey: the picture.
        difference: between the two.
        moving: pixels of what moves.
        rule: when a pixel counts.
    """
    mask = standing_mask(difference, moving, rule)
    background.follow(difference, mask)
    kept = []
    for blob in connected_blobs(mask, 2 * rule.smallest):
        place = blob.inside, blob.top, blob.left
        if background.uncovered(grey, *place) or background.relit(grey, *place):
            background.accept(grey, *place)
        else:
            kept.append(blob)
    return kept


def _tidied(mask: BoolArray, border: int, closing: MatLike | None) -> BoolArray:
    tidy: MatLike = mask.astype(np.uint8)
    if border:
        tidy[:border] = tidy[-border:] = 0
        tidy[:, :border] = tidy[:, -border:] = 0
    tidy = cv2.morphologyEx(tidy, cv2.MORPH_OPEN, _SQUARE)
    if closing is not None:
        tidy = cv2.morphologyEx(tidy, cv2.MORPH_CLOSE, closing)
    return np.asarray(tidy > 0)
