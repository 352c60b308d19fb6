"""Whether a camera still looks where it looked."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from oddframe.types import BoolArray, FloatArray
from oddframe.video.health.view import GRID, View

_NEAR = 1  # cells by which a camera may tremble, either way


class ViewWatch:
    """Compares fingerprints with the given views and with the video's own, which it learns as it goes.

    A picture has lost its view if it resembles none (correlation under `lost`), or if it resembles the nearest one
    clearly better when displaced. The second tells a camera that turned from a crowd that hides a part of the scene:
    a crowd lowers the correlation in place, but raises it nowhere else.

    Args:
        views: accepted from the start. Without any, the first pictures are believed.
        lost, found: correlation under which the view is lost, and from which it is found again.
        displaced: by how much the correlation must be better elsewhere to tell of a displacement.
        believed: how many first pictures are taken for the video's own view where no views are given.
        memory: the own view is the mean of about so many pictures.
    """

    def __init__(
        self, views: Sequence[View], *, lost: float, found: float, displaced: float, believed: int, memory: int
    ) -> None:
        self._given = np.array([view.grid for view in views], np.float32).reshape(-1, *GRID)
        self._lost, self._found, self._displaced = lost, found, displaced
        self._believed, self._memory = (0 if views else believed), memory
        self._own, self._seen = np.zeros(GRID, np.float32), 0

    @property
    def view(self) -> View | None:
        """The video's own view; None before any picture matched."""
        return View(self._own) if self._seen else None

    def lost(self, cells: FloatArray, moved: bool) -> bool:
        """Whether a picture's fingerprint shows another view; if not, learn from it.

        Args:
            cells: the fingerprint.
            moved: whether the camera is known to have moved: then more likeness is asked for.
        """
        lost = self._seen >= self._believed and self._differs(cells, self._found if moved else self._lost)
        if not lost:
            self._seen += 1
            self._own += (cells - self._own) / min(self._seen, self._memory)
        return lost

    def _differs(self, cells: FloatArray, least: float) -> bool:
        known = self._given
        if self._seen:
            known = np.concatenate([known, View(self._own).grid[np.newaxis]])
        likeness = known.reshape(len(known), -1) @ cells.ravel()
        best = int(likeness.argmax())
        return bool(likeness[best] < least) or self._better_elsewhere(known[best], cells) > self._displaced

    def _better_elsewhere(self, known: FloatArray, cells: FloatArray) -> float:
        """By how much the best displaced correlation exceeds the best one in place."""
        spectrum = cv2.mulSpectrums(cv2.dft(cells), cv2.dft(known), 0, conjB=True)
        correlations = np.asarray(cv2.idft(spectrum, flags=cv2.DFT_SCALE), np.float32)
        return float(correlations[_AWAY].max() - correlations[~_AWAY].max())


def _away() -> BoolArray:
    away = np.ones(GRID, np.bool_)
    near = range(-_NEAR, _NEAR + 1)
    away[np.ix_(near, near)] = False
    return away


_AWAY = _away()
