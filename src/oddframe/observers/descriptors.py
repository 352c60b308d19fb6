"""What is measured of one blob in one frame, in units that do not depend on frame rate or resolution."""

from __future__ import annotations

import numpy as np

from oddframe.observers.foreground.blobs import Blob
from oddframe.observers.tracking import Values
from oddframe.types import FloatArray

SLOW = 0.05
"""Frame heights a second: what flow cannot tell from standing still. Logarithms of speed start here."""


def mean_flow(flow: FloatArray, blob: Blob) -> Values:
    """Mean displacement of a blob, (2,) pixels between the two pictures."""
    return np.asarray(_inside(flow, blob).mean(axis=0), np.float64)


def speed_levels(flow: FloatArray, blob: Blob, rate: float) -> Values:
    """Flow histogram with bins of equal mass: the log speeds under which half, 90 % and 98 % of the pixels lie.

    Fixed bins would put all of one scene into one bin and none of the next; these edges move with the data.

    Args:
        flow: (h, w, 2) pixels between the two pictures.
        blob: where to look.
        rate: turns such pixels into frame heights a second.
    """
    speed = np.sort(np.hypot(*_inside(flow, blob).T)) * rate
    edges = speed[[int(share * (len(speed) - 1)) for share in (0.5, 0.9, 0.98)]]
    return np.asarray(np.log(edges + SLOW), np.float64)


def direction_histogram(flow: FloatArray, blob: Blob, rate: float) -> Values:
    """Speed by direction: 8 sectors of 45 degrees, the first centred on rightwards, then clockwise in the picture.

    Each holds the root of the speed (frame heights a second) that the blob's pixels have in it, on average.
    """
    across, down = _inside(flow, blob).T.astype(np.float64)
    sector = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 8
    total = np.bincount(sector, np.hypot(across, down) * rate, 8)
    return np.sqrt(total / len(across))


def geometry(blob: Blob, height: int) -> Values:
    """Log width and log height of its box, in frame heights."""
    return np.log([(blob.right - blob.left) / height, (blob.bottom - blob.top) / height])


def place(blob: Blob, width: int, height: int) -> Values:
    """Where its lower edge's middle is, x and y in 0 .. 1."""
    return np.array([(blob.left + blob.right) / 2 / width, blob.bottom / height])


def _inside(flow: FloatArray, blob: Blob) -> FloatArray:
    patch = flow[blob.top : blob.bottom, blob.left : blob.right]
    return np.asarray(patch[blob.inside], np.float32)
