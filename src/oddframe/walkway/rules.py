"""Scores of simple rules without training, which must do badly on a good benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import FloatArray, ImageArray

SMOOTH = 5.0  # standard deviation of the smoothing over time, frames
_BACKGROUND = 15  # frames between those whose median is the background
_DIFFERENT = 22  # grey levels


def rule_scores(images: Iterable[ImageArray]) -> Mapping[str, FloatArray]:
    """Score the frames of a clip by five rules, lightly smoothed over time.

    - "brightness change": of the picture's mean, from frame to frame;
    - "largest blob": pixels of the largest connected area that differs from the clip's median picture;
    - "foreground": pixels that differ from it at all;
    - "strongest motion": the maximum of the blurred difference from frame to frame;
    - "total motion": the mean of that difference.

    Args:
        images: the frames of one clip, (H, W, 3) uint8 each.

    Returns:
        Rule -> (F,) scores; higher is meant to be more anomalous.
    """
    grey = np.stack([cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (5, 5), 1.2) for image in images])
    means = grey.mean((1, 2))
    background = np.median(grey[::_BACKGROUND], 0)
    blobs = np.array([_blobs(picture, background, mean) for picture, mean in zip(grey, means, strict=True)])
    motion = np.array([_motion(before, after) for before, after in pairwise(grey)])
    rules = {
        "brightness change": np.abs(np.diff(means, prepend=means[0])),
        "largest blob": blobs[:, 0],
        "foreground": blobs[:, 1],
        "strongest motion": np.concatenate([motion[:1, 0], motion[:, 0]]),
        "total motion": np.concatenate([motion[:1, 1], motion[:, 1]]),
    }
    return {name: _smooth(scores) for name, scores in rules.items()}


def _blobs(picture: ImageArray, background: npt.NDArray[np.float64], mean: float) -> tuple[float, float]:
    """Pixels of the largest connected area that differs, and of all; overall brightness is compensated."""
    expected = background * (mean / background.mean())
    mask = (np.abs(picture - expected) > _DIFFERENT).astype(np.uint8)
    areas = cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max(initial=0)), float(areas.sum())


def _motion(before: ImageArray, after: ImageArray) -> tuple[float, float]:
    difference = cv2.absdiff(before, after)
    return float(cv2.blur(difference, (9, 9)).max()), float(difference.mean())


def _smooth(scores: npt.NDArray[np.float64]) -> FloatArray:
    reach = round(4 * SMOOTH)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTH) ** 2)
    return np.convolve(np.pad(scores, reach, "edge"), kernel / kernel.sum(), "valid").astype(np.float32)
