"""Boxes on frames: thin outlines that stand out from dark ground and from light."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.report.palette import INK, PAPER, SPOT, rgb
from oddframe.report.typeface import legible, shortened, width, write
from oddframe.types import FloatArray, ImageArray

Corners: TypeAlias = tuple[int, int, int, int]
"""x0 y0 x1 y1 of the first and last pixels of an outline."""


def corners(boxes: FloatArray, scale: tuple[float, float], image: ImageArray) -> list[Corners | None]:
    """Where boxes (N, 4), multiplied by `scale`, have their outlines in a picture; None where one lies outside it."""
    high, wide = image.shape[:2]
    grown = np.rint(boxes.astype(np.float64) * np.array([*scale, *scale]))
    seen = (
        np.isfinite(grown).all(axis=1)
        & (grown[:, 0] < wide)
        & (grown[:, 1] < high)
        & (grown[:, 2] > 0)
        & (grown[:, 3] > 0)
    )
    last = grown - [0, 0, 1, 1]  # x1 and y1 are one past the last pixel
    held = np.clip(np.nan_to_num(last), 0, [wide - 1, high - 1] * 2).astype(int)
    return [tuple(row) if there else None for row, there in zip(held.tolist(), seen, strict=True)]


def draw_faint(image: ImageArray, places: list[Corners], line: int) -> None:
    """Outline what does not matter, in place: white, half transparent."""
    if not places:
        return
    over = image.copy()
    for x0, y0, x1, y1 in places:
        cv2.rectangle(over, (x0, y0), (x1, y1), rgb(INK), line + 2)
    for x0, y0, x1, y1 in places:
        cv2.rectangle(over, (x0, y0), (x1, y1), rgb(PAPER), line)
    cv2.addWeighted(over, 0.5, image, 0.5, 0, dst=image)


def draw_strong(image: ImageArray, place: Corners, line: int) -> None:
    """Outline what is odd, in place: orange between two dark lines."""
    x0, y0, x1, y1 = place
    cv2.rectangle(image, (x0, y0), (x1, y1), rgb(INK), line + 2)
    cv2.rectangle(image, (x0, y0), (x1, y1), rgb(SPOT), line)


def tag(image: ImageArray, place: Corners, label: str, size: int) -> None:
    """Write a label on an orange ground, in place: over the box, or inside it where there is no room over it."""
    x0, y0, _, _ = place
    pad = max(size // 4, 2)
    label = shortened(legible(label), image.shape[1] - 2 * pad, size, bold=True)
    if not label:
        return
    wide, high = round(width(label, size, bold=True)) + 2 * pad, round(1.15 * size) + pad
    left = min(max(x0 - 1, 0), max(image.shape[1] - wide, 0))
    top = y0 - high if y0 >= high else y0
    cv2.rectangle(image, (left, top), (left + wide - 1, top + high - 1), rgb(SPOT), cv2.FILLED)
    write(image, label, (left + pad, top + high - pad - 0.1 * size), size, rgb(INK), bold=True)


def as_boxes(boxes: npt.ArrayLike) -> FloatArray:
    """(N, 4) float32, of none or more boxes."""
    array = np.asarray(boxes, np.float32)
    return array.reshape(-1, 4) if array.size == 0 else array
