"""Of candidates that are one thing, the most certain."""

from __future__ import annotations

import numpy as np

from oddframe.observers.detectors.base import Detections
from oddframe.observers.tracking import intersection_over_union


def suppress(found: Detections, overlap: float, by_kind: bool = False) -> Detections:
    """Drop each candidate that overlaps a more certain one, most certain first.

    Args:
        found: candidates, in any order.
        overlap: intersection over union over which two are one thing.
        by_kind: whether things of two classes are two things, however they overlap.
    """
    left = np.argsort(-found.score, kind="stable")
    boxes = found.box.astype(np.float64)
    stays: list[int] = []
    while len(left):
        best, left = left[0], left[1:]
        stays.append(int(best))
        same = intersection_over_union(boxes[[best]], boxes[left])[0] > overlap
        if by_kind:
            same &= found.kind[left] == found.kind[best]
        left = left[~same]
    return found.select(np.array(stays, np.int64))
