"""Rules about boxes: (N, 4) arrays of x0 y0 x1 y1 in pixels, the last two one past the end."""

from __future__ import annotations

import numpy as np

from oddframe.types import BoolArray, FloatArray

NONE: FloatArray = np.zeros((0, 4), np.float32)


def area(boxes: FloatArray) -> FloatArray:
    """(N,) pixels."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)


def sizeable(boxes: FloatArray, least: float, slimmest: float = np.inf) -> FloatArray:
    """Those of more than `least` pixels whose longer side is less than `slimmest` times the shorter.

    >>> sizeable(np.array([[0, 0, 9, 9], [0, 0, 40, 20], [0, 0, 90, 3]], np.float32), 100, 10)
    array([[ 0.,  0., 40., 20.]], dtype=float32)
    """
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    slim = np.maximum(wide, high) >= slimmest * np.minimum(wide, high)
    return np.asarray(boxes[(area(boxes) > least) & ~slim], np.float32)


def uncovered(boxes: FloatArray, share: float) -> FloatArray:
    """Without those of which more than `share` lies inside one larger box (of two alike, the later goes).

    >>> uncovered(np.array([[0, 0, 4, 4], [0, 0, 10, 10], [8, 8, 12, 12]], np.float32), 0.6)
    array([[ 0.,  0., 10., 10.],
           [ 8.,  8., 12., 12.]], dtype=float32)
    """
    sizes = area(boxes)
    order = np.argsort(-sizes, kind="stable")
    corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    opposite = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.clip(opposite - corner, 0, None), axis=2)  # (N, N)
    rank = np.empty(len(boxes), np.int64)
    rank[order] = np.arange(len(boxes))
    within = (shared > share * sizes[:, None]) & (rank[None] < rank[:, None])
    return np.asarray(boxes[~within.any(axis=1)], np.float32)


def widened(boxes: FloatArray, margin: float, width: int, height: int) -> FloatArray:
    """With a margin on all sides, as far as the picture goes."""
    grown = boxes + np.array([-margin, -margin, margin, margin], np.float32)
    return np.asarray(np.clip(grown, 0, [width, height, width, height]), np.float32)


def erase(mask: BoolArray, boxes: FloatArray, margin: int) -> None:
    """Set the mask to False inside the boxes and a margin around them, in place."""
    height, width = mask.shape
    for x0, y0, x1, y1 in widened(boxes, margin, width, height):
        mask[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = False


def clear(shape: tuple[int, ...], boxes: FloatArray, margin: int) -> BoolArray:
    """(h, w) what lies outside of all boxes and the margin around them."""
    mask = np.ones(shape, np.bool_)
    erase(mask, boxes, margin)
    return mask
