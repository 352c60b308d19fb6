"""Whether a camera still looks where it looked, and how much light and detail one picture has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from oddframe.types import BoolArray, FloatArray, ImageArray, IntArray
from oddframe.video.health.view import GRID, View

BLOCK = 16
"""Cells along each side of a block; a view has 3 x 4 of them."""

_BLOCKS = GRID[0] // BLOCK * (GRID[1] // BLOCK)

_STRUCTURED = 0.3 / _BLOCKS  # share of a view's edges that a block needs, to be worth comparing

_STEADY = 0.4  # mean correlation of a block with its own past, under which it shows what comes and goes

_ENOUGH = 8  # blocks; a plainer scene can be hidden by one person, so its loss tells nothing

_BELIEVED = 3.0  # times as long as a view must be lost: so long the first pictures are believed, without given views

_NEAR = 1  # cells by which a camera may tremble, either way


class ViewWatch:
    """Compares fingerprints with the given views and with the video's own, which it learns as it goes.

    A picture has lost its view if it resembles none overall, or the nearest one clearly better when displaced; and,
    in either case, if over half of the picture's blocks show it, for a crowd can hide the rest. Views of scenes with
    hardly any structure are never lost.

    Args:
        views: accepted from the start. Without any, the first pictures are believed.
        lost, found: correlation under which the view is lost, and from which it is found again.
        displaced: by how much the correlation must be better elsewhere to tell of a displacement.
        hidden: median correlation over blocks from which the view is there, merely hidden in part.
        patience: for how many pictures a view must be lost before that counts.
        memory: the own view is the mean of about so many pictures.
    """

    def __init__(
        self,
        views: Sequence[View],
        *,
        lost: float,
        found: float,
        displaced: float,
        hidden: float,
        patience: int,
        memory: int,
    ) -> None:
        self._views = [view.grid for view in views if _structured(view.grid).sum() >= _ENOUGH]
        self._lost, self._found, self._displaced, self._hidden = lost, found, displaced, hidden
        self._believed, self._memory = int(_BELIEVED * patience), memory
        self._own, self._steady, self._seen = np.zeros(GRID, np.float32), np.zeros(_BLOCKS, np.float32), 0

    @property
    def view(self) -> View | None:
        """The video's own view, without the parts that did not stay; None while nothing has stayed."""
        settled = self._settled()
        return View(settled) if settled.any() else None

    @property
    def matched(self) -> bool:
        """Whether any picture has shown an accepted view."""
        return self._seen > 0

    def lost(self, cells: FloatArray, moved: bool) -> bool:
        """Whether a picture's fingerprint shows another view; if not, learn from it.

        Args:
            cells: the fingerprint.
            moved: whether the camera is known to have moved: then more likeness is asked for.
        """
        lost = self._differs(cells, self._found if moved else self._lost)
        if not lost:
            self._learn(cells)
        return lost

    def _learn(self, cells: FloatArray) -> None:
        self._seen += 1
        weight = 1 / min(self._seen, self._memory)
        if self._seen > 1:
            self._steady += (_likeness(self._own, cells) - self._steady) * min(1.0, weight * 2)
        self._own += (cells - self._own) * weight

    def _settled(self) -> FloatArray:
        keep = np.repeat(np.repeat((self._steady >= _STEADY).reshape(-1, GRID[1] // BLOCK), BLOCK, 0), BLOCK, 1)
        return np.asarray(self._own * keep, np.float32)

    def _differs(self, cells: FloatArray, least: float) -> bool:
        known = list(self._views)
        if self._seen >= self._believed:
            own = View(self._settled()).grid
            if _structured(own).sum() >= _ENOUGH:
                known.append(own)
        if not known:
            return False
        best = max(known, key=lambda grid: float(np.vdot(grid, cells)))
        near, in_place, elsewhere = _fit(best, cells)
        if in_place >= least and elsewhere - in_place <= self._displaced:
            return False
        still = _likeness(np.roll(best, near, (0, 1)), cells)[_structured(best)]
        return bool(np.median(still) < self._hidden)


def _cut(grid: FloatArray) -> FloatArray:
    rows, columns = GRID[0] // BLOCK, GRID[1] // BLOCK
    return grid.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(_BLOCKS, BLOCK * BLOCK)


def _structured(grid: FloatArray) -> BoolArray:
    """Which blocks of a view have edges worth comparing."""
    energy = (_cut(grid) ** 2).sum(axis=1)
    return np.asarray(energy >= max(_STRUCTURED * float(energy.sum()), 1e-9))


def _likeness(one: FloatArray, other: FloatArray) -> FloatArray:
    """Correlation of each block."""
    a, b = (cut - cut.mean(axis=1, keepdims=True) for cut in (_cut(one), _cut(other)))
    norm = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / np.maximum(norm, 1e-9), np.float32)


def _fit(known: FloatArray, cells: FloatArray) -> tuple[tuple[int, int], float, float]:
    """The slight displacement of a known view that fits best, how well it fits, and how well the best other does."""
    spectrum = cv2.mulSpectrums(cv2.dft(cells), cv2.dft(known), 0, conjB=True)
    fit = np.asarray(cv2.idft(spectrum, flags=cv2.DFT_SCALE), np.float32)
    near = int(np.where(_AWAY, -np.inf, fit).argmax())
    return divmod(near, GRID[1]), float(fit.flat[near]), float(fit[_AWAY].max())


def _away() -> BoolArray:
    away = np.ones(GRID, np.bool_)
    near: IntArray = np.arange(-_NEAR, _NEAR + 1)
    away[np.ix_(near, near)] = False
    return away


_AWAY = _away()

SIZE = (256, 192)
"""Width and height of the grey copy that everything is judged on."""

_MARGIN = 0.1  # of the height, at top and bottom: where cameras write the time, which stays sharp whatever happens

_FEW = 0.002  # of all pixels: so many may be edges in the plainest scene


@dataclass(frozen=True, slots=True)
class Glance:
    """Light and detail of one picture, in grey levels (0 to 255) unless said otherwise.

    Args:
        level: nearly the brightest (99th percentile).
        contrast: from nearly the darkest to nearly the brightest.
        edge: the strongest step between neighbouring 80ths of the picture, noise averaged out.
        sharpness: share of the strongest wide step that happens within one pixel of 160: about 0.4 in focus,
            0.06 where there are only gradients.
    """

    level: float
    contrast: float
    edge: float
    sharpness: float


def small_grey(image: ImageArray) -> ImageArray:
    """(H, W, 3) RGB as a (192, 256) grey copy, averaged, without the strips at top and bottom."""
    margin = int(image.shape[0] * _MARGIN)
    grey = np.asarray(cv2.cvtColor(image[margin : image.shape[0] - margin], cv2.COLOR_RGB2GRAY), np.uint8)
    return np.asarray(cv2.resize(_shrunk(grey), SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def glance(small: ImageArray) -> Glance:
    """Judge the copy that `small_grey` gives."""
    low, high = np.percentile(small[::2, ::2], (1, 99))
    coarse, fine = _smooth(small, 80, 48), _smooth(small, 160, 96)
    step, wide = _strongest(fine, 1), _strongest(fine, 16)
    return Glance(float(high), float(high - low), _strongest(coarse, 1), step / (wide + 1))


def _shrunk(grey: ImageArray) -> ImageArray:
    """A large picture shrunk by a whole factor first, which is five times faster than by a broken one."""
    height, width = grey.shape
    factor = min(width // SIZE[0], height // SIZE[1])
    if factor < 2:
        return grey
    size = width // factor, height // factor
    whole = grey[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def _smooth(small: ImageArray, width: int, height: int) -> FloatArray:
    shrunk = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(shrunk, (3, 3), 0), np.float32)


def _strongest(grey: FloatArray, distance: int) -> float:
    rows, columns = grey[::2], grey[:, ::2]  # every second line is enough for a quantile
    across = cv2.absdiff(rows[:, distance:], rows[:, :-distance]).ravel()
    down = cv2.absdiff(columns[distance:], columns[:-distance]).ravel()
    steps = np.concatenate([across, down])
    rank = int(len(steps) * (1 - _FEW))
    return float(np.partition(steps, rank)[rank])
