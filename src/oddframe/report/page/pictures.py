"""Pictures small enough to travel inside a page: WebP, as text."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from oddframe.report.page.parts import Box, Picture, Shot
from oddframe.types import ImageArray

FRAME, CROP, MAP = 640, 200, 240
"""Pixels that the pictures of frames, of parts of frames, and of maps are wide at most."""
QUALITY, FAINT = 60, 45
"""Of pictures that are looked at, and of those that are glanced at; 0 to 100."""


def encoded(image: ImageArray, width: int, quality: int = QUALITY) -> Picture:
    """(H, W, 3) RGB or (H, W, 4) RGBA uint8, at most `width` pixels wide, as WebP."""
    high, wide = image.shape[:2]
    if wide > width:
        size = width, max(round(high * width / wide), 1)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    _, content = cv2.imencode(".webp", cv2.cvtColor(image, order), [cv2.IMWRITE_WEBP_QUALITY, quality])
    text = base64.b64encode(content.tobytes()).decode("ascii")
    return Picture(f"data:image/webp;base64,{text}", image.shape[1], image.shape[0])


def whole(image: ImageArray, box: Box | None = None, heat: ImageArray | None = None) -> Shot:
    """A whole frame with what is meant in it and, perhaps, its anomaly map in colour (RGBA)."""
    view = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
    drawn = None if heat is None or not heat[..., 3].any() else encoded(heat, MAP, QUALITY)
    return Shot(encoded(image, FRAME), view, box, drawn)


def cut(image: ImageArray, box: Box) -> Shot:
    """What a box holds, with what is around it."""
    high, wide = image.shape[:2]
    x0, y0, x1, y1 = around(box, wide, high)
    return Shot(encoded(image[y0:y1, x0:x1], CROP), (float(x0), float(y0), float(x1), float(y1)), box)


def around(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """The square around a box that is twice as large, or a third of the picture's height, within the picture.

    >>> around((100, 100, 120, 130), 360, 240)
    (70, 75, 150, 155)
    """
    x0, y0, x1, y1 = box
    side = min(max(2 * (x1 - x0), 2 * (y1 - y0), height / 3), width, height)
    if max(x1 - x0, y1 - y0) > side:  # it does not fit into a square
        return 0, 0, width, height
    left = min(max((x0 + x1 - side) / 2, 0), width - side)
    top = min(max((y0 + y1 - side) / 2, 0), height - side)
    return round(left), round(top), round(left + side), round(top + side)
