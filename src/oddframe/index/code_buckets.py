"""Buckets that store every code, and distances to all codes of a bucket or to the nearest (paper LLSH, section 3.2).

A code is r values as fixed-point numbers (see `to_fixed`). Shapes: M codes, b tables, U buckets, R rows that are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.index.codes import pack
from oddframe.index.csr import Csr, expand
from oddframe.index.provenance import Provenance
from oddframe.index.saving import stored_array, to_tensor
from oddframe.types import BoolArray, IntArray, Json, VideoId

Fixed = npt.NDArray[np.int16]

_RUN = 64  # codes of a bucket in a tile, or beside one query
_MANY, _CROWDED = 64, 1024  # codes in a bucket, or distances to be found there, from which tiles are worth their making
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)  # queries that tiles are filled up to
_VALUES = 1 << 18  # values converted, and distances computed, in one go: about what stays in the processor's memory
_BASE, _BASE_BITS = 2.0**19, (127 + 19) << 23  # above all distances in steps; added to one, it leaves 4 binary places
_POINT, _NOTHING = 16, torch.iinfo(torch.int64).max  # parts of a step in roots; the least of no distances


@dataclass(frozen=True, slots=True, eq=False)
class LooseCodes:
    """M codes in the order in which they came.

    Args:
        source: (M,) where each comes from.
        fixed: (M, b, r) int16 fixed-point codes.
    """

    source: Provenance
    fixed: Fixed

    def loose(self) -> LooseCodes:
        """The object itself, as `CodeBuckets.loose` gives one of this kind."""
        return self

    def order(self) -> IntArray:
        """(M,) the only order by video, frame and box, and by the codes where all these are equal."""
        order = self.source.order()
        tied = _same_as_before(self.source, order)
        if tied.any():
            group = np.cumsum(~tied)
            shared = np.flatnonzero(np.bincount(group)[group] > 1)
            content = np.ascontiguousarray(self.fixed[order[shared]]).reshape(len(shared), -1)
            rank = np.unique(content.view(f"V{content[0].nbytes}"), return_inverse=True)[1].reshape(-1)
            order[shared] = order[shared][np.lexsort((rank, group[shared]))]
        return order


def _same_as_before(source: Provenance, order: IntArray) -> BoolArray:
    """(M,) whether the row, in this order, has the video, frame and box of the one before it."""
    columns = (source.video, source.frame, *source.box.T)
    same = np.logical_and.reduce([column[order[1:]] == column[order[:-1]] for column in columns])
    return np.concatenate([np.zeros(min(len(order), 1), np.bool_), same])


@dataclass(frozen=True, slots=True, eq=False)
class CodeBuckets:
    """M codes in b tables, each of which holds them in the order of their keys, so that a bucket lies in one piece.

    Args:
        source: (M,) where each comes from.
        csr: the buckets over the places of all tables.
        row: (b, M) int32, whose code lies in each place: number in `source`; ascending within a bucket.
        codes: (b, M, r) int16 fixed-point codes.
    """

    source: Provenance
    csr: Csr
    row: npt.NDArray[np.int32]
    codes: Fixed
    nearest: ClassVar[bool] = False

    @classmethod
    def part(cls, source: Provenance, fixed: Fixed) -> LooseCodes:
        """A part to be joined.

        Args:
            source: (M,) where each code comes from.
            fixed: (M, b, r) int16 fixed-point codes.
        """
        return LooseCodes(source, fixed)

    @classmethod
    def joined(cls, parts: Sequence[LooseCodes | CodeBuckets], tables: int, bits: int) -> Self:
        """All parts' codes in buckets, whatever the order of the parts.

        Args:
            parts, tables, bits: the codes, b and r.
        """
        source = Provenance.joined([part.source for part in parts])
        fixed = np.empty((len(source), tables, bits), np.int16)
        start = 0
        for part in parts:
            fixed[start : start + len(part.source)] = part.loose().fixed
            start += len(part.source)
        return cls._laid_out(LooseCodes(source, fixed))

    @classmethod
    def _laid_out(cls, loose: LooseCodes) -> Self:
        count, tables, bits = loose.fixed.shape
        order = loose.order()
        row, codes = np.empty((tables, count), np.int32), np.empty((tables, count, bits), np.int16)
        keys = np.empty((tables, count), np.int64)
        for table in range(tables):
            fixed = np.take(loose.fixed[:, table], order, axis=0)
            key, place = torch.sort(pack(torch.from_numpy(fixed)), stable=True)
            keys[table], row[table] = key.numpy(), place.numpy()
            np.take(fixed, row[table], axis=0, out=codes[table])
        csr = Csr.of(np.full(tables, count), keys.reshape(-1))
        return cls(loose.source.select(order), csr, row, codes)

    def loose(self) -> LooseCodes:
        """The same codes, code by code."""
        tables, count, bits = self.codes.shape
        fixed = np.empty((count, tables, bits), np.int16)
        for table in range(tables):
            fixed[self.row[table], table] = self.codes[table]
        return LooseCodes(self.source, fixed)

    def __len__(self) -> int:
        return len(self.source)

    def without(self, video: VideoId) -> Self:
        """The same buckets without one video's codes."""
        kept = self.source.others(video)
        number = np.cumsum(kept, dtype=np.int32) - 1
        places = kept[self.row]
        rows = places.sum(axis=1)
        shape = (len(rows), int(kept.sum()))
        csr = Csr.of(rows, self.csr.keys()[places.reshape(-1)])
        codes = self.codes[places].reshape(*shape, self.codes.shape[2])
        return type(self)(self.source.select(kept), csr, number[self.row[places]].reshape(shape), codes)

    def members(self, bucket: int) -> tuple[IntArray, npt.NDArray[np.float64], int]:
        """One bucket's content.

        Returns:
            (n,) rows of `source`, their (n, r) float64 codes in steps, and n, the number of codes.
        """
        places = slice(self.csr.start[bucket], self.csr.start[bucket + 1])
        codes = self.codes.reshape(-1, self.codes.shape[2])[places].astype(np.float64)
        return self.row.reshape(-1)[places].astype(np.int64), codes, len(codes)

    def distances(self, device: torch.device) -> CodeDistances:
        """The object that answers queries on this device."""
        codes, start = (torch.from_numpy(part).to(device) for part in (self.codes, self.csr.start))
        return CodeDistances(codes.flatten(0, 1), start, self.nearest)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """The tensors and JSON values to save."""
        tensors, meta = self.source.state()
        return {**tensors, **self.csr.state(), "row": to_tensor(self.row), "codes": to_tensor(self.codes)}, meta

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
        csr = Csr.restored(tensors, tables, bits, tables * len(source))
        row = stored_array(tensors, "row", torch.int32, tables, len(source))
        return cls(source, csr, row, stored_array(tensors, "codes", torch.int16, tables, len(source), bits))


class NearestBuckets(CodeBuckets):
    """The same codes; a bucket's distance is that to the nearest of them."""

    nearest: ClassVar[bool] = True


class CodeDistances:
    """Answers queries by all codes in their buckets, on one device.

    Steps are whole numbers, so squared distances are exact in float64, however they are summed; roots are rounded to
    whole sixteenths of a step, so their sums are exact too. A query's answer is then the same to the bit whatever other
    queries are asked with it, on any device.

    Args:
        codes: (R, r) int16, bucket by bucket.
        start: (U + 1,) where each bucket's codes begin.
        nearest: whether a bucket's distance is that to its nearest code, or the mean over its codes.
    """

    def __init__(self, codes: Tensor, start: Tensor, nearest: bool = False) -> None:
        self._codes, self._start, self._nearest = codes, start, nearest

    def own(self, queries: Tensor, bucket: Tensor) -> Tensor:
        """(R,) float64 distances in steps between queries and their own buckets; NaN where there is no bucket.

        Args:
            queries: (R, r) int16.
            bucket: (R,) each query's bucket; -1 = none.
        """
        row = (bucket >= 0).nonzero()[:, 0]
        distinct, copy = _distinct(queries.index_select(0, row), bucket[row])
        means = self.pooled(queries, row[distinct], bucket[row[distinct]])
        means[row] = means[row[distinct]][copy]
        return means

    def pooled(self, queries: Tensor, row: Tensor, bucket: Tensor) -> Tensor:
        """(R,) float64 distances in steps, where a query may have several buckets, which count as one.

        Args:
            queries: (R, r) int16.
            row, bucket: (P,) pairs of a query's number and a bucket that it meets.
        """
        bucket, order = torch.sort(bucket, stable=True)
        row = row[order]
        which, members = torch.unique_consecutive(bucket, return_counts=True)
        found = self._gathered(queries, row, which, members)
        total = self._none(len(queries), queries.device)
        self._gather(total, row, found)
        if self._nearest:
            return (total.double() / _POINT).masked_fill_(total == _NOTHING, torch.nan)
        return total.double() / (self.compared(row, bucket, len(queries)) * _POINT)

    def compared(self, row: Tensor, bucket: Tensor, rows: int) -> Tensor:
        """(R,) with how many codes `pooled` compares each query.

        Args:
            row, bucket: (P,) pairs of a query's number and a bucket that it meets.
            rows: R.
        """
        return row.new_zeros(rows).index_add_(0, row, self._count(bucket))

    def _count(self, bucket: Tensor) -> Tensor:
        return self._start[bucket + 1] - self._start[bucket]

    def _none(self, rows: int, device: torch.device) -> Tensor:
        """(rows,) int64, what `_gather` begins with."""
        return torch.full((rows,), _NOTHING if self._nearest else 0, device=device)

    def _gather(self, into: Tensor, place: Tensor, found: Tensor) -> None:
        """Add distances to the sums at their places, or keep the least there."""
        if self._nearest:
            into.scatter_reduce_(0, place, found, "amin")
        else:
            into.index_add_(0, place, found)

    def _gathered(self, queries: Tensor, row: Tensor, bucket: Tensor, members: Tensor) -> Tensor:
        """(P,) int64 sixteenths of steps: summed or least distances of pairs.

        `members` (B,) of the pairs share each bucket (B,).
        """
        into = self._none(len(row), row.device)
        place, start, count = torch.cumsum(members, 0) - members, self._start[bucket], self._count(bucket)
        crowded = (count >= _MANY) | (members * count >= _CROWDED)
        some = (~crowded).nonzero()[:, 0]
        owner, pair = expand(place[some], members[some])
        owner = some[owner]
        self._gather_one_by_one(into, queries, row, _Runs.cut(pair, start[owner], count[owner]))
        some = crowded.nonzero()[:, 0]
        for tile in _tiles(place[some], members[some], start[some], count[some], queries.shape[1]):
            self._gather_tile(into, queries, row, tile)
        return into

    def _gather_one_by_one(self, into: Tensor, queries: Tensor, row: Tensor, runs: _Runs) -> None:
        """The distances of each pair to its run of codes, by differences."""
        for some in runs.blocks(queries.shape[1]):
            owner, code = expand(some.start, some.count)
            apart = self._codes.index_select(0, code).double()  # (cells, r)
            apart -= queries.index_select(0, row[some.pair].index_select(0, owner))
            found = _sixteenths(torch.linalg.vecdot(apart, apart)) - _BASE_BITS
            self._gather(into, some.pair[owner], found.long())

    def _gather_tile(self, into: Tensor, queries: Tensor, row: Tensor, tile: _Tiles) -> None:
        """The distances within these tiles, by products."""
        place, code = tile.places(), tile.codes()  # (G, m), (G, k)
        asked = queries.index_select(0, row[place].view(-1)).view(*place.shape, -1).double()  # (G, m, r)
        stored = self._codes.index_select(0, code.reshape(-1)).view(*code.shape, -1).double()  # (G, k, r)
        if self._nearest:
            # What was repeated to fill up the tile changes no least distance; roots keep the order, so one is enough.
            least = _sixteenths(_squares(asked, stored, least=True))  # (G, m)
            self._gather(into, place.reshape(-1), (least.long() - _BASE_BITS).reshape(-1))
            return
        apart = _sixteenths(_squares(asked, stored))  # (G, m, k)
        # The last code has been repeated to fill up the tile: take it away again.
        extra = code.shape[1] - tile.count[:, None]
        found = apart.sum(-1) - extra * apart[..., -1] - tile.count[:, None] * _BASE_BITS
        asks = torch.arange(place.shape[1], device=place.device) < tile.members[:, None]
        self._gather(into, place.reshape(-1), (found * asks).reshape(-1))


def _sixteenths(squared: Tensor) -> Tensor:
    """Roots of squared distances in whole sixteenths of a step, as int32, `_BASE_BITS` above what they are."""
    return squared.float().sqrt_().add_(_BASE).view(torch.int32)


def _squares(asked: Tensor, stored: Tensor, *, least: bool = False) -> Tensor:
    """(G, m, r), (G, k, r) whole numbers in float64 -> (G, m, k) squared distances, exact; or the least ones (G, m)."""
    lengths: Tensor = torch.linalg.vecdot(stored, stored)[:, None]
    apart, own = torch.baddbmm(lengths, asked, stored.mT, alpha=-2), torch.linalg.vecdot(asked, asked)
    return apart.amin(-1).add_(own) if least else apart.add_(own[..., None])


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Pairs, and each one's run of codes: where it begins, and how many there are."""

    pair: Tensor
    start: Tensor
    count: Tensor

    @classmethod
    def cut(cls, pair: Tensor, start: Tensor, count: Tensor) -> Self:
        """No run of more than `_RUN`; a pair may then have several."""
        owner, number = expand(torch.zeros_like(count), (count + _RUN - 1) // _RUN)
        done = number * _RUN
        return cls(pair[owner], start[owner] + done, (count[owner] - done).clamp_max_(_RUN))

    def blocks(self, values: int) -> Iterator[_Runs]:
        """As many runs together as memory should take."""
        block = (torch.cumsum(self.count, 0) - self.count) // max(1, _VALUES // values)
        sizes = torch.unique_consecutive(block, return_counts=True)[1].tolist()
        yield from map(_Runs, *(torch.split(part, sizes) for part in (self.pair, self.start, self.count)))


@dataclass(frozen=True, slots=True, eq=False)
class _Tiles:
    """G tiles of one shape: some pairs of a bucket against some of its codes.

    Args:
        place: (G,) each one's first pair.
        members: (G,) how many pairs it has.
        start: (G,) its first code.
        count: (G,) how many codes it has.
        size: pairs that each tile is filled up to, by repeating the last.
    """

    place: Tensor
    members: Tensor
    start: Tensor
    count: Tensor
    size: int

    def places(self) -> Tensor:
        """(G, m) pairs."""
        return _filled(self.place, self.members, self.size)

    def codes(self) -> Tensor:
        """(G, k) codes."""
        return _filled(self.start, self.count, _RUN)


def _filled(start: Tensor, count: Tensor, size: int) -> Tensor:
    steps = torch.arange(size, device=start.device)
    return start[:, None] + torch.minimum(steps, count[:, None] - 1)


def _tiles(place: Tensor, members: Tensor, start: Tensor, count: Tensor, values: int) -> Iterator[_Tiles]:
    """Cut all buckets into tiles, and give those of one shape together, as many as memory should take."""
    across, most = (count + _RUN - 1) // _RUN, _SIZES[-1]
    owner, number = expand(torch.zeros_like(count), across * ((members + most - 1) // most))
    query, code = number // across[owner] * most, number % across[owner] * _RUN
    members, count = (members[owner] - query).clamp_max_(most), (count[owner] - code).clamp_max_(_RUN)
    place, start = place[owner] + query, start[owner] + code
    shape, order = torch.sort(torch.searchsorted(torch.tensor(_SIZES, device=place.device), members), stable=True)
    kinds, numbers = torch.unique_consecutive(shape, return_counts=True)
    for kind, part in zip(kinds.tolist(), torch.split(order, numbers.tolist()), strict=True):
        size = _SIZES[kind]
        for some in torch.split(part, max(1, _VALUES // (max(size, _RUN) * max(size, values)))):
            yield _Tiles(place[some], members[some], start[some], count[some], size)


def _distinct(queries: Tensor, bucket: Tensor) -> tuple[Tensor, Tensor]:
    """Rows to compute, and for each row which of them answers it: equal codes are asked only once."""
    # Any mix will do: rows that it takes for equal are looked at, and asked on their own if they are not.
    mixed = torch.mv(queries.double(), _weights(queries.shape[1]).to(queries.device)).long() ^ (bucket << 44)
    distinct, group = torch.unique(mixed, return_inverse=True)
    every = torch.arange(len(bucket), device=bucket.device)
    first = every.new_full((len(distinct),), len(every)).scatter_reduce_(0, group, every, "amin")[group]
    same = (queries.index_select(0, first) == queries).all(dim=1) & (bucket[first] == bucket)
    answer = torch.where(same, first, every)
    asked = answer == every
    return asked.nonzero()[:, 0], (torch.cumsum(asked, 0) - 1)[answer]


def _weights(count: int) -> Tensor:
    """(count,) whole numbers, none a simple sum of others."""
    return torch.tensor([pow(3, 17 + 5 * i, (1 << 23) - 15) for i in range(count)], dtype=torch.float64)
