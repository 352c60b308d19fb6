"""Anomaly maps in colour, laid over frames.

The colours are OpenCV's "inferno" (Smith and van der Walt, 2015), perceptually uniform and ever lighter: people who
confuse red with green read them alike, and so does everybody on a grey print.
"""

from __future__ import annotations

import cv2
import numpy as np

from oddframe.errors import DataError
from oddframe.scoring import MapScale
from oddframe.types import FloatArray, ImageArray

FAINT, STRONG = 0.3, 0.55
"""Opacity of the colours, 0 to 1: just over the threshold, and at the top of the scale."""


def colours(shares: FloatArray) -> ImageArray:
    """Colour shares of a scale: from black over red to pale yellow.

    Args:
        shares: 0 to 1, of any shape; NaN counts as 0.

    Returns:
        (*shape, 3) uint8 RGB.

    >>> colours(np.array([0.5], np.float32)).tolist()
    [[188, 55, 84]]
    """
    level = np.rint(np.nan_to_num(shares) * 255).astype(np.uint8).reshape(-1, 1)
    coloured = cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[:, 0, ::-1]
    return np.ascontiguousarray(coloured.reshape(*shares.shape, 3), np.uint8)


def heat(values: FloatArray, scale: MapScale) -> ImageArray:
    """Colour an anomaly map, transparent where it is not over the threshold.

    Args:
        values: (H, W) scores, from `oddframe.scoring.anomaly_map`.
        scale: what the scores mean.

    Returns:
        (H, W, 4) uint8 RGBA.
    """
    shares = scale.share(values)
    over = np.nan_to_num(np.clip(2 * shares - 1, 0, 1))
    alpha = np.where(np.nan_to_num(shares) > 0.5, FAINT + (STRONG - FAINT) * over, 0)
    return np.dstack([colours(shares), np.rint(255 * alpha).astype(np.uint8)])


def overlay(image: ImageArray, values: FloatArray, scale: MapScale) -> ImageArray:
    """Lay an anomaly map over a frame; pixels that are not over the threshold stay as they are.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        values: (H, W) scores, from `oddframe.scoring.anomaly_map`.
        scale: what the scores mean.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        DataError: the map is of another size than the frame.
    """
    if image.shape[:2] != values.shape:
        raise DataError(f"a map of {values.shape[::-1]} pixels does not lie over a frame of {image.shape[1::-1]}")
    laid = heat(values, scale)
    share = laid[..., 3:].astype(np.float32) / 255
    return np.rint(image + (laid[..., :3] - image.astype(np.float32)) * share).astype(np.uint8)
