"""Long columns as memory-mapped files of bounded size."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.types import IntArray

Array: TypeAlias = npt.NDArray[Any]

SHARD_BYTES = 64 * 2**20
"""No file is longer, unless one row is."""


_LONG = 4096
"""Bytes of a row from which copying it takes longer than asking for it."""


class ShardWriter:
    """Appends rows; keeps at most one shard in memory.

    Args:
        folder: where the files go, as `stem.00000.npy`, `stem.00001.npy`, ...
        stem: what the files are called.
        shape, dtype: of one row.
        shard_bytes: bound on a file's size.
    """

    def __init__(
        self, folder: Path, stem: str, shape: tuple[int, ...], dtype: npt.DTypeLike, *, shard_bytes: int = SHARD_BYTES
    ) -> None:
        row_bytes = np.dtype(dtype).itemsize * int(np.prod(shape))
        self.rows_per_shard = max(1, shard_bytes // max(row_bytes, 1))
        self.files: list[Path] = []
        self._folder, self._stem = folder, stem
        self._buffer: Array = np.empty((self.rows_per_shard, *shape), dtype)  # costs memory only once it is filled
        self._used = 0

    def append(self, rows: Array) -> None:
        """Add rows of the declared shape.

        Raises:
            OSError: the file system refuses.
            ValueError: the rows have another shape or dtype.
        """
        if rows.shape[1:] != self._buffer.shape[1:] or rows.dtype != self._buffer.dtype:
            wanted = f"{self._buffer.shape[1:]} {self._buffer.dtype}"
            raise ValueError(f"{self._stem} rows are {wanted}, not {rows.shape[1:]} {rows.dtype}")
        while len(rows):
            part = rows[: self.rows_per_shard - self._used]
            self._buffer[self._used : self._used + len(part)] = part
            self._used += len(part)
            rows = rows[len(part) :]
            if self._used == self.rows_per_shard:
                self._flush()

    def close(self) -> None:
        """Write what is left."""
        if self._used:
            self._flush()

    def _flush(self) -> None:
        path = self._folder / f"{self._stem}.{len(self.files):05d}.npy"
        with path.open("wb") as file:
            np.save(file, self._buffer[: self._used], allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        self.files.append(path)
        self._used = 0


class MappedFiles:
    """Memory-mapped arrays by path, at most `limit` of them open, because each holds a file descriptor."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._open: OrderedDict[Path, Array] = OrderedDict()

    def __getitem__(self, path: Path) -> Array:
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        self._open[path] = np.load(path, mmap_mode="r", allow_pickle=False)
        if len(self._open) > self._limit:
            self._open.popitem(last=False)
        return self._open[path]


def pieces(rows: IntArray, starts: IntArray) -> Iterable[tuple[int, IntArray, IntArray]]:
    """Sort row numbers into the pieces that hold them: (piece, rows within it, places in `rows`), piece by piece.

    Args:
        rows: (n,) row numbers in any order.
        starts: (pieces,) the first row of each piece, ascending; empty pieces may share a start with the next.
    """
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    piece = np.searchsorted(starts, ordered, side="right") - 1
    cuts = np.append(np.flatnonzero(np.diff(piece, prepend=-1)), len(rows))
    for first, stop in pairwise(cuts):
        number = int(piece[first])
        yield number, ordered[first:stop] - starts[number], order[first:stop]


def copy_rows(source: Array, rows: IntArray, out: Array, places: IntArray) -> None:
    """`out[places] = source[rows]`; long rows go one by one, without a copy of all of them on the way."""
    if out[:1].nbytes < _LONG:
        out[places] = source[rows]
        return
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        out[place] = source[row]


def to_numpy(tensor: Tensor) -> Array:
    """A tensor as an array of the same bytes; bfloat16, which numpy lacks, as int16."""
    plain = tensor.detach().cpu().contiguous()
    array: Array = (plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def to_tensor(array: Array, dtype: torch.dtype) -> Tensor:
    """The inverse of `to_numpy`, for a writable array."""
    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if dtype == torch.bfloat16 else tensor
