"""What detectors with weights of the table have in common: sizes, tiles, and what is read off their maps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.observers.detectors.suppression import suppress
from oddframe.types import FloatArray, ImageArray, Run
from oddframe.weights.session import Session, open_session
from oddframe.weights.store import required
from oddframe.weights.table import find

Maps = Mapping[str, npt.NDArray[Any]]

STRIDES = (8, 16, 32)
"""Pixels of the network's input from one cell to the next, of maps whose cells can be pooled."""

COARSEST = 32
"""The network's input is a multiple of these pixels, and a picture's sides are not under them."""

FAINT = 0.1
"""Score under which candidates are not even compared with each other."""

SHARED = 0.25
"""Share of a tile that lies in the next one as well."""

CUT = 2.0
"""Pixels of a picture from a tile's edge within which a box is one that the edge cuts."""


class PackagedDetector(ObjectDetector):
    """An object detector out of a package (`oddframe models get NAME`), with COCO's 80 classes.

    Args:
        size: pixels of the shorter side of what the network sees, a multiple of 32; pictures are resized, their aspect
            is kept.
        overlap: intersection over union over which two candidates are one thing, of whatever classes.
        tile: a picture whose shorter side has more pixels than this is also looked at in square tiles of so many
            pixels, each resized to `size`, which overlap by a quarter; what a tile's edge cuts is left to the others.
            None = the whole picture only.
        features: strides (8, 16, 32) of the network's maps of which the mean inside each box is given.
        revision: of the weights, filled in where it is not given: so caches and saved detectors notice other ones.

    Raises:
        SettingsError: a value out of range.
        WeightsError: the weights are not on this machine, or not those of that revision.
    """

    background: ClassVar[tuple[int, int, int]]
    """RGB of what fills a picture up to a multiple of 32."""

    def __init__(
        self,
        *,
        size: int = 352,
        overlap: float = 0.6,
        tile: int | None = None,
        features: tuple[int, ...] = (),
        revision: str | None = None,
    ) -> None:
        if size < COARSEST or size % COARSEST:
            raise SettingsError(f"{self.name}: size {size} is no multiple of {COARSEST}; try 352")
        if not 0 < overlap <= 1 or (tile is not None and tile < COARSEST):
            raise SettingsError(f"{self.name}: overlap lies over 0, up to 1, and tile is at least {COARSEST}")
        if set(features) - set(STRIDES):
            raise SettingsError(f"{self.name}: features are of the strides 8, 16 and 32, not {features}")
        self.size, self.overlap, self.tile, self.features = size, overlap, tile, tuple(features)
        present = find(self.name).revision
        if revision not in (None, present):
            raise WeightsError(
                f"{self.name}: weights of revision {revision} are wanted, and these are {present}; fit again"
            )
        self.revision = present
        required(self.name)
        self._session: Session | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the loaded network, which stays in its process."""
        return {**self.__dict__, "_session": None}

    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        """Raises `SettingsError` for a picture under 32 pixels, `WeightsError` where the weights are gone."""
        height, width = image.shape[:2]
        if min(height, width) < COARSEST:
            raise SettingsError(
                f"{self.name}: a picture of {width} x {height} pixels is too small; sides are {COARSEST} or more"
            )
        found = [self._look(image, run)]
        for left, top, right, bottom in self._tiles(width, height):
            part = self._look(image[top:bottom, left:right], run).moved(left, top)
            found.append(part.select(_whole(part.box, (left, top, right, bottom), width, height)))
        return found[0] if len(found) == 1 else suppress(Detections.concatenate(found), self.overlap)

    @property
    @abstractmethod
    def maps(self) -> tuple[str, ...]:
        """Outputs of the network that `candidates` reads."""

    @abstractmethod
    def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
        """A picture (h, w, 3) uint8 RGB, sides multiples of 32, as the network wants it."""

    @abstractmethod
    def candidates(self, maps: Maps) -> tuple[FloatArray, FloatArray]:
        """(N, 4) boxes in pixels of the network's input and (N, C) probabilities, of what may be something."""

    def _look(self, image: ImageArray, run: Run) -> Detections:
        session = self._session = self._session or open_session(required(self.name), run.device)
        picture, scale = _fitted(image, self.size, self.background)
        wanted = [*self.maps, *(f"features{stride}" for stride in self.features)]
        (taken,) = session.inputs
        maps = session.run({taken.name: self.prepared(picture)}, wanted)
        boxes, probability = self.candidates(maps)
        found = Detections(boxes, probability.max(axis=1), probability.argmax(axis=1), probability)
        found = suppress(found.over(FAINT), self.overlap)
        pooled = {
            f"stride{stride}": _pooled(maps[f"features{stride}"][0], found.box, stride) for stride in self.features
        }
        return Detections(found.box / scale, found.score, found.kind, found.probability, pooled)

    def _tiles(self, width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
        """Left, top, right and bottom of each, in pixels of the picture."""
        tile = self.tile
        if tile is not None and min(width, height) > tile:
            for top in _starts(height, tile):
                for left in _starts(width, tile):
                    yield left, top, left + tile, top + tile


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin: evenly, the last one at the end."""
    count = int(np.ceil((length - tile) / (tile * (1 - SHARED)))) + 1
    return [round(place) for place in np.linspace(0, length - tile, count)]


def _whole(boxes: FloatArray, tile: tuple[int, int, int, int], width: int, height: int) -> npt.NDArray[np.bool_]:
    """(N,) whether boxes of the picture are cut by no edge of a tile, save where the picture ends there."""
    left, top, right, bottom = tile
    cut = (boxes[:, 0] <= left + CUT) & (left > 0)
    cut |= (boxes[:, 1] <= top + CUT) & (top > 0)
    cut |= (boxes[:, 2] >= right - CUT) & (right < width)
    cut |= (boxes[:, 3] >= bottom - CUT) & (bottom < height)
    return np.asarray(~cut, np.bool_)


def _fitted(image: ImageArray, size: int, background: Sequence[int]) -> tuple[ImageArray, FloatArray]:
    """The picture resized to a shorter side and filled up to a multiple of 32; (4,) its scale along x, y, x, y."""
    height, width = image.shape[:2]
    factor = size / min(height, width)
    wide, high = max(size, round(width * factor)), max(size, round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    seen = np.empty((-(-high // COARSEST) * COARSEST, -(-wide // COARSEST) * COARSEST, 3), np.uint8)
    seen[:] = background
    seen[:high, :wide] = cv2.resize(np.ascontiguousarray(image), (wide, high), interpolation=way)
    return seen, np.array([wide / width, high / height] * 2, np.float32)


def _pooled(cells: npt.NDArray[Any], boxes: FloatArray, stride: int) -> FloatArray:
    """(N, D) mean of a map (D, h, w) over the cells that each box touches, one at least."""
    high, wide = cells.shape[1:]
    first = np.clip(np.floor(boxes[:, :2] / stride), 0, [wide - 1, high - 1]).astype(int)
    last = np.clip(np.ceil(boxes[:, 2:] / stride), first + 1, [wide, high]).astype(int)
    rows = [cells[:, y0:y1, x0:x1].mean((1, 2)) for (x0, y0), (x1, y1) in zip(first, last, strict=True)]
    return np.asarray(rows, np.float32).reshape(len(boxes), len(cells))
