"""Which parts of a frame a backbone looks at, where it does not look at the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from oddframe.errors import SettingsError
from oddframe.types import VideoInfo

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the source frame; x1 and y1 are one past the last."""


def crop_boxes(video: VideoInfo, crops: int, boxes: Sequence[Box] = ()) -> list[Box]:
    """The boxes to look at: those given; else `crops` squares along the longer side; else the whole frame.

    With three, as in the SlowFast project's tests: at both ends and in the middle, on the shorter side's whole length.

    >>> from fractions import Fraction
    >>> crop_boxes(VideoInfo("v", 640, 360, Fraction(25)), 3)
    [(0, 0, 360, 360), (140, 0, 500, 360), (280, 0, 640, 360)]

    Raises:
        SettingsError: a box is empty or reaches out of the frame.
    """
    width, height = video.width, video.height
    for box in boxes:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise SettingsError(f"snippet: box {list(box)} is not inside {video.id}, which is {width} x {height}")
    if boxes:
        return list(boxes)
    if crops == 1:
        return [(0, 0, width, height)]
    side = min(width, height)
    starts = np.ceil(np.linspace(0, max(width, height) - side, crops)).astype(int).tolist()
    return [(s, 0, s + side, side) if width >= height else (0, s, side, s + side) for s in starts]
