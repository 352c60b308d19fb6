"""Buckets that keep counts and sums for each video: the paper's light-LLSH (section 4.5), and second moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.csr import Csr
from oddframe.index.hash_keys import pack
from oddframe.index.mean_distances import MeanDistances
from oddframe.index.provenance import Provenance
from oddframe.index.stored import stored_array, to_tensor
from oddframe.types import IntArray, Json, VideoId

_ROWS = 4096  # summed in one go
Whole = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanBuckets:
    """E entries, one for each video in each bucket of each table.

    All sums are of whole numbers, so joining and leaving out are exact, in whatever order.

    Args:
        source: (E,) whose it is: the video, and the frame and box of its first code there.
        csr: the buckets over the entries; those of one bucket are in order of their videos.
        count: (E,) how many codes went in.
        total: (E, r) the sum of these codes, in steps; int32 where all fit into that, else int64.
        square: (E,) the sum of the squares of all their values.
    """

    source: Provenance
    csr: Csr
    count: IntArray
    total: Whole
    square: IntArray

    @classmethod
    def part(cls, source: Provenance, fixed: npt.NDArray[np.int16]) -> Self:
        """The entries of (M, b, r) fixed-point codes."""
        _, tables, bits = fixed.shape
        order = source.order()
        source = source.select(order)
        parts = [cls._of_table(source, np.take(fixed[:, table], order, axis=0)) for table in range(tables)]
        first, key, entry_count, total, square = (list(column) for column in zip(*parts, strict=True))
        entries = np.array([len(rows) for rows in first])
        return cls(
            source.select(np.concatenate(first)),
            Csr.of(entries, np.concatenate(key)),
            np.concatenate(entry_count),
            _narrow(np.concatenate(total).reshape(-1, bits)),
            np.concatenate(square),
        )

    @staticmethod
    def _of_table(source: Provenance, fixed: npt.NDArray[np.int16]) -> tuple[npt.NDArray[Any], ...]:
        """First row, key, count, total and square of each entry of one table; codes are in order of their source."""
        keys, places = torch.sort(pack(torch.from_numpy(fixed)), stable=True)
        key, place = keys.numpy(), places.numpy()
        first = _changes(key, source.video[place])
        values = np.take(fixed, place, axis=0)
        exact = torch.from_numpy(values).double()
        squares = torch.linalg.vecdot(exact, exact).long().numpy()
        count = np.diff(first, append=len(key))
        return place[first], key[first], count, _sums(values, first), _sums(squares, first)

    @classmethod
    def joined(cls, parts: Sequence[Self], tables: int, bits: int) -> Self:
        """All parts' entries, those of the same bucket and video added up."""
        del bits  # entries know it
        source = Provenance.joined([part.source for part in parts])
        table = np.concatenate([np.repeat(np.arange(tables), part.csr.rows()) for part in parts])
        key = np.concatenate([part.csr.keys() for part in parts])
        order = source.order()
        for column in (key, table):  # by table, then key, then source
            order = order[torch.sort(torch.from_numpy(column[order]), stable=True)[1].numpy()]
        source, key, table = source.select(order), key[order], table[order]
        first = _changes(table, key, source.video)
        count, total, square = (
            _sums(np.concatenate([getattr(part, name) for part in parts])[order], first)
            for name in ("count", "total", "square")
        )
        csr = Csr.of(np.bincount(table[first], minlength=tables), key[first])
        return cls(source.select(first), csr, count, _narrow(total), square)

    def __len__(self) -> int:
        return int(self.count[: self.csr.start[self.csr.first[1]]].sum())

    def without(self, video: VideoId) -> Self:
        """The same less one video."""
        kept = self.source.others(video)
        table = np.repeat(np.arange(len(self.csr.first) - 1), self.csr.rows())
        csr = Csr.of(np.bincount(table[kept], minlength=len(self.csr.first) - 1), self.csr.keys()[kept])
        return type(self)(self.source.select(kept), csr, self.count[kept], _narrow(self.total[kept]), self.square[kept])

    def members(self, bucket: int) -> tuple[IntArray, npt.NDArray[np.float64], int]:
        """One bucket's entries (n,), the means (n, r) of their codes in steps, and how many codes that is."""
        places = slice(self.csr.start[bucket], self.csr.start[bucket + 1])
        count = self.count[places]
        return np.arange(places.start, places.stop), self.total[places] / count[:, None], int(count.sum())

    def distances(self, device: torch.device) -> MeanDistances:
        """What answers queries on this device by means alone."""
        columns = (self.csr.start, self.count, self.total)
        start, count, total = (torch.from_numpy(column).to(device) for column in columns)
        return MeanDistances(start, count, total, None)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """Tensors and JSON values to save."""
        tensors, meta = self.source.state()
        columns = {name: to_tensor(getattr(self, name)) for name in ("count", "total", "square")}
        return {**tensors, **self.csr.state(), **columns}, meta

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], tables: int, bits: int) -> Self:
        """What `state` saved, its memory shared. Raises `StoreError` where it does not fit."""
        source = Provenance.restored(tensors, meta)
        csr = Csr.restored(tensors, tables, bits, len(source))
        count, square = (stored_array(tensors, name, torch.int64, len(source)) for name in ("count", "square"))
        wide = "total" in tensors and tensors["total"].dtype == torch.int64
        total = stored_array(tensors, "total", torch.int64 if wide else torch.int32, len(source), bits)
        if (count < 1).any():
            raise StoreError("the saved buckets hold entries of no codes; the file is damaged")
        return cls(source, csr, count, total, square)


class MomentBuckets(MeanBuckets):
    """The same entries, asked for the root mean square distance."""

    __slots__ = ()

    def distances(self, device: torch.device) -> MeanDistances:
        means = super().distances(device)
        means.square = torch.from_numpy(self.square).to(device)
        return means


def _changes(*columns: npt.NDArray[Any]) -> IntArray:
    """Where any of these columns differs from the row before; 0 is one."""
    changed = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(np.concatenate([np.ones(min(len(columns[0]), 1), np.bool_), changed]))


def _sums(values: npt.NDArray[Any], first: IntArray) -> npt.NDArray[np.int64]:
    """Whole sums over runs of rows that begin at `first`."""
    run = torch.repeat_interleave(torch.from_numpy(np.diff(first, append=len(values))))
    # Sums of rows stay under 2**53, where float64 is exact, and is added up faster. Those of squares need not.
    kind = torch.float64 if values.ndim > 1 else torch.int64
    sums = torch.zeros((len(first), *values.shape[1:]), dtype=kind)
    for start in range(0, len(values), _ROWS):
        part = slice(start, start + _ROWS)
        sums.index_add_(0, run[part], torch.from_numpy(values[part]).to(kind))
    whole: npt.NDArray[np.int64] = sums.long().numpy()
    return whole


def _narrow(total: Whole) -> Whole:
    """In half the space where that is enough, which depends on the sums alone."""
    limits = np.iinfo(np.int32)
    small = total.size == 0 or (total.min() >= limits.min and total.max() <= limits.max)
    return total.astype(np.int32, copy=False) if small else total.astype(np.int64, copy=False)
