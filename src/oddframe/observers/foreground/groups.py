"""Blobs in which several things meet, told apart by how they move and by where they are thin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.observers.foreground.blobs import Blob, connected_blobs
from oddframe.types import BoolArray, FloatArray

Values: TypeAlias = npt.NDArray[np.float64]
Size: TypeAlias = tuple[float, float, float]

LARGE = 1.5
"""Times the usual width or height from which on a blob may be several things: strides and bicycles stay under it."""

PART = 0.4
"""Of the usual area that each part must have: less is a leg, a wheel or a shadow."""


ONE = 0.35
"""The quantile of sizes that is one thing's: under the median, for in a crowd many blobs are several things."""


class UsualSize:
    """How large things are at a place, by those that were there before: far ones are small.

    Args:
        memory: blobs that are remembered.
        enough: how many of them it takes.
        band: rows to either side that count as the same place, as a share of the usual height.
    """

    def __init__(self, memory: int = 400, enough: int = 20, band: float = 0.6) -> None:
        self._seen: deque[tuple[int, int, int, int]] = deque(maxlen=memory)
        self._enough, self._band = enough, band

    def learn(self, blobs: Iterable[Blob]) -> None:
        """Remember blobs."""
        self._seen.extend((r.bottom, r.right - r.left, r.bottom - r.top, _pixels(r)) for r in blobs)

    def at(self, blob: Blob) -> Size | None:
        """(width, height, area) of what stood about where a blob stands; None where too little did."""
        seen = np.array(self._seen, np.float64).reshape(-1, 4)
        reach = self._band * float(np.median(seen[:, 2])) if len(seen) else 0.0
        near = seen[np.abs(seen[:, 0] - blob.bottom) <= reach]
        if len(near) < self._enough:
            return None
        width, height, area = np.quantile(near[:, 1:], ONE, axis=0)
        return float(width), float(height), float(area)


def split(blob: Blob, flow: FloatArray, usual: Size | None, apart: float) -> list[Blob]:
    """The parts of a blob that move differently, or hang together by little; the blob itself where there are none.

    Args:
        blob: in pixels of the flow's picture.
        flow: (h, w, 2).
        usual: (width, height, area) of a thing there; a blob that is not much larger is left whole, and where nobody
            knows, all are.
        apart: by how many pixels the flow of two parts must differ.
    """
    if usual is None:
        return [blob]
    parts, done = [blob], list[Blob]()
    while parts:
        part = parts.pop()
        large = _is_large(part, usual)
        found = _by_flow(part, flow, usual[2], apart) if large else [part]
        found = _by_neck(part, usual[2]) if large and len(found) == 1 else found
        (parts if len(found) > 1 else done).extend(found)
    return sorted(done, key=lambda r: (r.top, r.left))


def tiled(blob: Blob, usual: Size | None) -> list[Blob]:
    """What is still too large, in pieces of the usual size: people who walk so close that nothing tells them apart.

    Pieces with less than `PART` of the usual area are left out.

    Args:
        blob: in pixels of the working picture.
        usual: (width, height, area) of a thing there; None leaves the blob whole.
    """
    if usual is None or not _is_large(blob, usual):
        return [blob]
    high, wide = blob.inside.shape
    rows, columns = _cuts(high, usual[1]), _cuts(wide, usual[0])
    found = []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            piece = np.zeros_like(blob.inside)
            piece[top:bottom, left:right] = blob.inside[top:bottom, left:right]
            found += [_boxed(blob, piece)] if piece.sum() >= PART * usual[2] else []
    return found or [blob]


def is_sliver(blob: Blob, usual: Size | None, shape: tuple[int, ...], border: int) -> bool:
    """Whether this is the edge of something that comes or goes: cut by the picture's edge, and less than a part.

    Args:
        blob: in pixels of the working picture.
        usual: (width, height, area) of a thing there; where nobody knows, it is none.
        shape: (h, w) of the picture.
        border: pixels at its edge that are ignored.
    """
    high, wide = shape[:2]
    cut = min(blob.left, blob.top, wide - blob.right, high - blob.bottom) <= border
    return cut and is_fragment(blob, usual)


def within(boxes: FloatArray, mask: BoolArray) -> list[Blob]:
    """What a mask has in each of some boxes, where it has anything there.

    Args:
        boxes: (N, 4), inside the picture.
        mask: (h, w).
    """
    whole = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1).astype(int)
    found = []
    for x0, y0, x1, y1 in whole.tolist():
        inside = mask[y0:y1, x0:x1].copy()  # the mask is erased there later
        found += [_boxed(Blob(x0, y0, x1, y1, inside), inside)] if inside.any() else []
    return found


def is_beside(blob: Blob, taken: BoolArray) -> bool:
    """Whether a blob lies at a detector's box, of which it may be a rest.

    Args:
        blob: in pixels of the working picture.
        taken: (h, w) what lies in such boxes or right beside them.
    """
    return bool(taken[blob.top : blob.bottom, blob.left : blob.right][blob.inside].any())


def is_fragment(blob: Blob, usual: Size | None) -> bool:
    """Whether a blob is less than a thing of its own; where nobody knows what is usual, none is."""
    return usual is not None and _pixels(blob) < PART * usual[2]


def _is_large(blob: Blob, usual: Size) -> bool:
    return blob.right - blob.left > LARGE * usual[0] or blob.bottom - blob.top > LARGE * usual[1]


def _cuts(length: int, usual: float) -> list[int]:
    count = max(1, round(length / usual))
    return [round(length * number / count) for number in range(count + 1)]


def _boxed(blob: Blob, mask: BoolArray) -> Blob:
    """The part of a blob that a mask over its box leaves, in the mask's own box."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    whole = mask[top:bottom, left:right]
    return Blob(int(blob.left + left), int(blob.top + top), int(blob.left + right), int(blob.top + bottom), whole)


def _by_flow(blob: Blob, flow: FloatArray, area: float, apart: float) -> list[Blob]:
    """Those who walk against a stream, or faster than it, and the stream."""
    here = flow[blob.top : blob.bottom, blob.left : blob.right]
    values = here[blob.inside].astype(np.float64)  # (n, 2)
    one, other = _two_centres(values)
    if float(np.hypot(*(one - other))) <= max(apart, 0.5 * float(max(np.hypot(*one), np.hypot(*other)))):
        return [blob]
    nearer = np.hypot(*np.moveaxis(here - one, 2, 0)) < np.hypot(*np.moveaxis(here - other, 2, 0))
    masks = (blob.inside & nearer, blob.inside & ~nearer)
    # A crowd may hold several stretches of each kind; fragments between them are nobody.
    parts = [_parts(blob, mask, PART * area) for mask in masks]
    return parts[0] + parts[1] if all(parts) else [blob]


def _two_centres(values: Values) -> tuple[Values, Values]:
    """Means of the two halves into which the direction of most spread divides best (two means along a line)."""
    centred = values - values.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    along, cut = centred @ axis, 0.0
    for _ in range(8):
        upper = along > cut
        if upper.all() or not upper.any():
            break
        cut = float(along[upper].mean() + along[~upper].mean()) / 2
    upper = along > cut
    if upper.all() or not upper.any():
        return values.mean(axis=0), values.mean(axis=0)
    return values[upper].mean(axis=0), values[~upper].mean(axis=0)


def _by_neck(blob: Blob, area: float) -> list[Blob]:
    """Two parts or more: worn down until they come apart, then every pixel goes to the nearest."""
    inside = np.pad(blob.inside, 1)
    depth = np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)
    for level in np.arange(0.5, 0.7 * float(depth.max()), 0.5):
        cores = [core for core in _parts(blob, depth > level, 1) if _is_deep(core, blob, depth, level)]
        if len(cores) > 1:
            found = _if_all_count(blob, list(_grown(blob, cores)), area)
            if len(found) > 1:
                return found
    return [blob]


def _is_deep(core: Blob, blob: Blob, depth: FloatArray, level: float) -> bool:
    """Whether it is more than a bump: half as deep again as where it was cut."""
    top, left = core.top - blob.top, core.left - blob.left
    height, width = core.inside.shape
    return float(depth[top : top + height, left : left + width][core.inside].max()) > 1.5 * level


def _grown(blob: Blob, cores: list[Blob]) -> Iterator[Blob | None]:
    seeds = np.ones(blob.inside.shape, np.uint8)
    numbers = np.zeros(blob.inside.shape, np.int32)
    for number, core in enumerate(cores):
        place = np.s_[core.top - blob.top : core.bottom - blob.top, core.left - blob.left : core.right - blob.left]
        seeds[place][core.inside] = 0
        numbers[place][core.inside] = number
    _, nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros(int(nearest.max()) + 1, np.int32)
    of_label[nearest[seeds == 0]] = numbers[seeds == 0]
    owner = of_label[nearest]
    for number in range(len(cores)):
        yield max(_parts(blob, blob.inside & (owner == number), 1), key=_pixels, default=None)


def _parts(blob: Blob, mask: BoolArray, least: float) -> list[Blob]:
    """Connected stretches of a mask over the blob's box, where the blob is."""
    return [
        Blob(r.left + blob.left, r.top + blob.top, r.right + blob.left, r.bottom + blob.top, r.inside)
        for r in connected_blobs(mask, least)
    ]


def _if_all_count(blob: Blob, parts: list[Blob | None], area: float) -> list[Blob]:
    """The parts, unless one of them is nothing or too small to be a thing of its own."""
    kept = [part for part in parts if part is not None and _pixels(part) >= PART * area]
    return kept if len(kept) == len(parts) else [blob]


def _pixels(blob: Blob) -> int:
    return int(blob.inside.sum())
