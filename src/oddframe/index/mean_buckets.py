"""Buckets that store counts and sums for each video (light-LLSH, paper LLSH, section 4.5), and distances from them.

Distances are to the mean of a bucket, or the root mean square distance to its codes. Shapes: E entries, b tables, U
buckets, R rows that are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.codes import pack
from oddframe.index.csr import Csr, expand
from oddframe.index.provenance import Provenance
from oddframe.index.saving import stored_array, to_tensor
from oddframe.types import IntArray, Json, VideoId

_ROWS = 4096  # summed in one go

Whole = npt.NDArray[np.int32] | npt.NDArray[np.int64]

_FINE = 128  # parts of a step to which means are rounded: then sums of squared differences are exact in float64

_ENTRIES = _BUCKETS = 1 << 16  # pooled at once


@dataclass(frozen=True, slots=True, eq=False)
class MeanBuckets:
    """E entries, one for each video in each bucket of each table.

    All sums are of whole numbers, so joining and removing are exact, in any order.

    Args:
        source: (E,) where each comes from: the video, and the frame and box of its first code there.
        csr: the buckets over the entries; those of one bucket are in the order of their videos.
        count: (E,) how many codes an entry stands for.
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
        """The entries of some codes.

        Args:
            source: (M,) where each code comes from.
            fixed: (M, b, r) int16 fixed-point codes.
        """
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
        """All parts' entries, those of the same bucket and video added up.

        Args:
            parts: their order does not matter.
            tables, bits: b and r.
        """
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
        """The same buckets without one video's entries."""
        kept = self.source.others(video)
        table = np.repeat(np.arange(len(self.csr.first) - 1), self.csr.rows())
        csr = Csr.of(np.bincount(table[kept], minlength=len(self.csr.first) - 1), self.csr.keys()[kept])
        return type(self)(self.source.select(kept), csr, self.count[kept], _narrow(self.total[kept]), self.square[kept])

    def members(self, bucket: int) -> tuple[IntArray, npt.NDArray[np.float64], int]:
        """One bucket's content.

        Returns:
            (n,) numbers of its entries, the (n, r) float64 means of their codes in steps, and how many codes that is.
        """
        places = slice(self.csr.start[bucket], self.csr.start[bucket + 1])
        count = self.count[places]
        return np.arange(places.start, places.stop), self.total[places] / count[:, None], int(count.sum())

    def distances(self, device: torch.device) -> MeanDistances:
        """The object that answers queries on this device, by means alone."""
        columns = (self.csr.start, self.count, self.total)
        start, count, total = (torch.from_numpy(column).to(device) for column in columns)
        return MeanDistances(start, count, total, None)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """The tensors and JSON values to save."""
        tensors, meta = self.source.state()
        columns = {name: to_tensor(getattr(self, name)) for name in ("count", "total", "square")}
        return {**tensors, **self.csr.state(), **columns}, meta

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], tables: int, bits: int) -> Self:
        """What `state` saved; its memory is shared.

        Args:
            tensors, meta: what was saved.
            tables, bits: b and r.

        Raises:
            StoreError: it does not fit together.
        """
        source = Provenance.restored(tensors, meta)
        csr = Csr.restored(tensors, tables, bits, len(source))
        count, square = (stored_array(tensors, name, torch.int64, len(source)) for name in ("count", "square"))
        wide = "total" in tensors and tensors["total"].dtype == torch.int64
        total = stored_array(tensors, "total", torch.int64 if wide else torch.int32, len(source), bits)
        if (count < 1).any():
            raise StoreError("the saved buckets hold entries of no codes; the file is damaged")
        return cls(source, csr, count, total, square)


class MomentBuckets(MeanBuckets):
    """The same entries; distances are root mean square distances to the codes."""

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


@dataclass(slots=True, eq=False)
class MeanDistances:
    """Answers queries by the moments of their buckets, on one device.

    Means are rounded to 1/128 of a step, so squared distances to them are whole numbers, exact however they are summed.
    Spreads are centred in whole numbers too, so nothing cancels: a query's answer is the same to the bit whatever other
    queries are asked with it, on any device.

    Args:
        start: (U + 1,) where each bucket's entries begin.
        count: (E,) how many codes went into each entry.
        total: (E, r) their sum.
        square: (E,) their values' squares, summed; None to leave spreads out and answer by the mean alone.
    """

    start: Tensor
    count: Tensor
    total: Tensor
    square: Tensor | None
    _means: CodeMoments | None = field(default=None, init=False)

    def own(self, queries: Tensor, bucket: Tensor) -> Tensor:
        """(R,) float64 distances in steps between queries and their own buckets; any value where there is no bucket.

        Args:
            queries: (R, r) int16.
            bucket: (R,) each query's bucket; -1 = none.
        """
        if self._means is None:
            self._means = self._of_buckets()
        if not len(self._means.mean):
            return torch.full((len(queries),), torch.nan, dtype=torch.float64, device=queries.device)
        return self._means.take(bucket.clamp(min=0)).distance(queries)

    def pooled(self, queries: Tensor, row: Tensor, bucket: Tensor) -> Tensor:
        """(R,) float64 distances in steps, where a query may have several buckets, which count as one.

        Args:
            queries: (R, r) int16.
            row, bucket: (P,) pairs of a query's number and a bucket that it meets.
        """
        pair, entry = expand(self.start[bucket], self.start[bucket + 1] - self.start[bucket])
        rows, group = torch.unique(row, return_inverse=True)
        found = self._moments(group.index_select(0, pair), entry, len(rows)).distance(queries.index_select(0, rows))
        distance = torch.full((len(queries),), torch.nan, dtype=torch.float64, device=queries.device)
        distance[rows] = found
        return distance

    def compared(self, row: Tensor, bucket: Tensor, rows: int) -> Tensor:
        """(R,) with how many means `pooled` compares each query: one, of all its buckets.

        Args:
            row, bucket: (P,) pairs of a query's number and a bucket that it meets.
            rows: R.
        """
        return row.new_zeros(rows).index_fill_(0, row, 1)

    def _of_buckets(self) -> CodeMoments:
        """The moments of every bucket, found for some at a time."""
        parts = []
        for first in range(0, max(len(self.start) - 1, 1), _BUCKETS):
            start = self.start[first : first + _BUCKETS + 1]
            owner = torch.repeat_interleave(torch.arange(len(start) - 1, device=start.device), start.diff())
            entry = torch.arange(len(owner), device=start.device) + start[0]
            parts.append(self._moments(owner, entry, len(start) - 1))
        spreads = [part.spread for part in parts if part.spread is not None]
        return CodeMoments(torch.cat([part.mean for part in parts]), torch.cat(spreads) if spreads else None)

    def _moments(self, owner: Tensor, entry: Tensor, owners: int) -> CodeMoments:
        """Each owner's moments over its entries."""
        count = owner.new_zeros(owners).index_add_(0, owner, self.count.index_select(0, entry))
        total = owner.new_zeros((owners, self.total.shape[1]))
        for who, which in zip(torch.split(owner, _ENTRIES), torch.split(entry, _ENTRIES), strict=True):
            total.index_add_(0, who, self.total.index_select(0, which).long())
        square = (
            None
            if self.square is None
            else owner.new_zeros(owners).index_add_(0, owner, self.square.index_select(0, entry))
        )
        return CodeMoments.of(count, total, square)


@dataclass(frozen=True, slots=True, eq=False)
class CodeMoments:
    """Means and spreads of U sets of codes.

    Args:
        mean: (U, r) float32 whole numbers, 1/128 of a step each.
        spread: (U,) float64, mean squared distance of a set's codes to their mean, in squared steps; None = left out.
    """

    mean: Tensor
    spread: Tensor | None

    @classmethod
    def of(cls, count: Tensor, total: Tensor, square: Tensor | None) -> CodeMoments:
        """The moments of sets of codes.

        Args:
            count: (U,) how many codes a set has.
            total: (U, r) their sum, whole numbers.
            square: (U,) their values' squares, summed; None = without spreads.
        """
        n = count[:, None]
        mean = (total.double() * _FINE / n).round_().float()
        if square is None:
            return cls(mean, None)
        # With T = n a + b, the centred squares are S - sum T^2 / n = S - n sum a^2 - 2 sum a b - sum b^2 / n, of which
        # all but the last are whole, so that nothing is lost where S and T^2 / n nearly cancel.
        whole = torch.div(total, n, rounding_mode="floor")
        rest = total - whole * n
        centred = square - count * (whole * whole).sum(1) - 2 * (whole * rest).sum(1)
        spread = (centred.double() - (rest * rest).sum(1).double() / count) / count
        return cls(mean, spread.clamp_(min=0))

    def take(self, sets: Tensor) -> CodeMoments:
        """The moments of these sets."""
        spread = None if self.spread is None else self.spread.index_select(0, sets)
        return CodeMoments(self.mean.index_select(0, sets), spread)

    def distance(self, queries: Tensor) -> Tensor:
        """(U,) float64 distances in steps from (U, r) queries to each row's set: root mean square, or to the mean."""
        # Both are whole numbers under 2**24, so their difference is exact in float32.
        apart = (queries.float().mul_(_FINE) - self.mean).double()
        squared: Tensor = torch.linalg.vecdot(apart, apart) / _FINE**2
        return (squared if self.spread is None else squared + self.spread).sqrt_()
