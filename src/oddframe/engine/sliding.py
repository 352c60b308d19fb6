"""Windows that overlap, stored with each frame once, and cut again when they are read."""

from __future__ import annotations

import numpy as np

from oddframe.engine.shards import Array, ShardWriter
from oddframe.errors import SpecError
from oddframe.types import Field, IntArray


class SlidingWriter:
    """Takes the windows of one entry, row by row, and keeps no more than one window's frames in memory.

    Frame k of row r is stored frame r + k * slide. So row r decides stored frame r, and the frames after the last
    row's first are written when it is certain that no row follows: (length - 1) * slide of them.

    Args:
        writer: of the frames.
        name: of the entry, for errors.
        field: of the entry; its `slide` is above 0.
    """

    def __init__(self, writer: ShardWriter, name: str, field: Field) -> None:
        self._writer, self._name, self._slide = writer, name, field.slide
        self._steps: IntArray = np.arange(field.shape[0] - 1) * field.slide
        self._ahead: Array | None = None  # of the frames after row r's first, frame i at place i modulo their number
        self._rows = 0

    def append(self, rows: Array) -> None:
        """Add windows (n, length, ...).

        Raises:
            SpecError: they do not slide by one frame a row.
            OSError: the file system refuses.
        """
        for row in rows:
            self._writer.append(row[:1])
            if len(self._steps):
                self._keep(row)
            self._rows += 1

    def close(self) -> None:
        """Write the frames that only the last rows hold."""
        if self._ahead is not None:
            count = len(self._ahead)
            self._writer.append(self._ahead[(self._rows + np.arange(count)) % count])
        self._writer.close()

    def _keep(self, row: Array) -> None:
        if self._ahead is None:
            self._ahead = np.zeros((len(self._steps) * self._slide, *row.shape[1:]), row.dtype)
        places = (self._rows + self._steps) % len(self._ahead)
        for place, frame in zip(places, row[:-1], strict=True):
            if self._rows < self._slide:
                self._ahead[place] = frame
            elif not _same(self._ahead[place], frame):
                raise SpecError(
                    f"{self._name}: frame k of observation {self._rows} is not frame k + 1 of that {self._slide}"
                    f" before, as its slide of {self._slide} says; correct the observer's spec, or what it gives"
                )
        self._ahead[places[0]] = row[-1]


def frames_of_rows(rows: IntArray, length: int, slide: int = 1) -> IntArray:
    """The stored frames that make up these windows, one window after the other.

    >>> frames_of_rows(np.array([0, 7]), 3, slide=2)
    array([ 0,  2,  4,  7,  9, 11])
    """
    return (rows[:, None] + np.arange(length) * slide).ravel()


def _same(one: Array, other: Array) -> bool:
    """Whether two frames are equal to the bit, which NaN is to itself only as bytes."""
    exact = np.array_equal(one, other)
    return exact or np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
