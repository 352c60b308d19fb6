"""From keys to buckets: a key's own bucket, and the nearest ones in bits (Norouzi, Punjani and Fleet 2012)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from oddframe.index.codes import set_bits
from oddframe.index.csr import Csr, expand

_MISSES = 4096  # sent on to other buckets together
_CANDIDATES = 1 << 20  # looked at in one go
_FOLD = 16
_FEW = 1 << 15  # comparisons that are made sooner than anything is looked up


class Lookup:
    """Finds the buckets of N queries in b tables, on one device.

    A row is one query in one table: row n b + t is query n in table t.

    Args:
        csr: the buckets.
        bits: r.
        device: where to store the keys.
    """

    def __init__(self, csr: Csr, bits: int, device: torch.device) -> None:
        self._first, self._key = (torch.from_numpy(part).to(device) for part in (csr.first, csr.key))
        self._bits = bits
        self._size = self._first.diff()
        self._table = self._padded()
        self._near: MultiIndex | None = None

    def _padded(self) -> Tensor:
        """(b, most keys of any) each table's keys, then the greatest number: one search serves all tables."""
        most = max(int(self._size.max()), 1)
        place = torch.arange(most, device=self._key.device)
        padded = torch.full((len(self._size), most), torch.iinfo(torch.int64).max, device=self._key.device)
        padded[place < self._size[:, None]] = self._key
        return padded

    def own(self, keys: Tensor) -> Tensor:
        """(N * b,) the bucket of each of (N, b) keys; -1 where there is none."""
        asked = keys.T.contiguous()
        place = torch.searchsorted(self._table, asked).clamp_max_(self._table.shape[1] - 1)
        hit = (self._table.gather(1, place) == asked) & (place < self._size[:, None])
        return torch.where(hit, place + self._first[:-1, None], -1).T.reshape(-1)

    def others(self, keys: Tensor, rows: Tensor, radius: int) -> Iterator[NearPairs]:
        """Find the nearest buckets of some rows.

        Args:
            keys: (N, b) of all queries.
            rows: (R,) numbers of the rows to look for.
            radius: at most so many bits away.

        Yields:
            Pairs of a row and a bucket, for some rows at a time.
        """
        if radius < 1 or not len(rows) or not len(self._key):
            return
        if self._near is None:
            self._near = MultiIndex(self._first, self._key, self._bits)
        flat = keys.reshape(-1)
        for some in torch.split(rows, _MISSES):
            near = self._near.nearest(some % len(self._size), flat.index_select(0, some), radius)
            yield NearPairs(some.index_select(0, near.row), near.bucket, near.bits)


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """P pairs of an asked key and a stored bucket: number of the key, number of the bucket, bits between them."""

    row: Tensor
    bucket: Tensor
    bits: Tensor

    def where(self, kept: Tensor) -> NearPairs:
        """The pairs for which this (P,) mask is true."""
        number = kept.nonzero()[:, 0]
        return NearPairs(*(part.index_select(0, number) for part in (self.row, self.bucket, self.bits)))


class _Runs(NamedTuple):
    """Runs of candidates: whose they are, where they begin, how many."""

    row: Tensor
    start: Tensor
    size: Tensor


class _Half(NamedTuple):
    """All buckets by one half of their keys, with their tables above it.

    Args:
        order: (U,) buckets in that order.
        key: (U,) their keys.
        value: (V,) the distinct halves.
        start: (V + 1,) where each one's buckets begin in `order`.
        seen: which folded halves occur at all; most that are asked for do not.
    """

    order: Tensor
    key: Tensor
    value: Tensor
    start: Tensor
    seen: Tensor


class MultiIndex:
    """Finds all keys of a table within a Hamming distance, by multi-index hashing (Norouzi, Punjani and Fleet 2012).

    Each key is cut into a low and a high half. Two keys that differ in d bits differ in at most d // 2 of one half, so
    a few halves near the asked ones, looked up in sorted lists, lead to all keys that can be near enough.

    Args:
        first: (b + 1,) where each table's keys begin.
        key: (U,) the keys of all tables.
        bits: r.
    """

    def __init__(self, first: Tensor, key: Tensor, bits: int) -> None:
        self._first, self._key = first, key
        self._low = bits // 2
        self._width = (self._low, bits - self._low)
        table = torch.repeat_interleave(torch.arange(len(first) - 1, device=key.device), first.diff())
        self._halves = [self._sorted(half, table) for half in (0, 1)]
        self._most = int(first.diff().max())

    def nearest(self, table: Tensor, key: Tensor, radius: int) -> NearPairs:
        """All buckets at the smallest distance from each asked key, where that is at most `radius`.

        Args:
            table: (N,) the table of each asked key.
            key: (N,) the asked keys.
            radius: bits.
        """
        best = torch.full((len(key),), radius + 1, device=key.device)
        waiting = torch.arange(len(key), device=key.device)
        found = [NearPairs(waiting[:0], waiting[:0], waiting[:0])]
        for near in range(min(radius // 2, self._low) + 1):  # no nearer half differs in more bits than the low one has
            masks = math.comb(max(self._width), near)
            every = len(waiting) * self._most <= _FEW or 4 * masks > self._most
            for some in torch.split(waiting, max(1, _CANDIDATES // masks)):
                for step in self._round(near, every, table[some], key[some], radius):
                    pairs = NearPairs(some.index_select(0, step.row), step.bucket, step.bits)
                    best.scatter_reduce_(0, pairs.row, pairs.bits, "amin")
                    found.append(pairs)
            # Whatever lies within 2 near + 1 bits has been seen by now.
            waiting = waiting[best[waiting] > 2 * near + 1]
            if every or not len(waiting):
                break
        pairs = NearPairs(*(torch.cat([getattr(p, name) for p in found]) for name in ("row", "bucket", "bits")))
        return pairs.where(pairs.bits == best.index_select(0, pairs.row))

    def _round(self, near: int, every: bool, table: Tensor, key: Tensor, radius: int) -> Iterator[NearPairs]:
        """Buckets that are `near` bits away in the half that is the nearer one; or at least that, and all."""
        if every:
            rows = torch.arange(len(key), device=key.device)
            runs = _Runs(rows, self._first[table], self._first[table + 1] - self._first[table])
            for found, low in self._within(runs, key, self._key, radius):
                yield found.where(torch.minimum(low, found.bits - low) >= near)
            return
        # With the high half the nearer one, the low half is more than `near` bits away too.
        for half in (0, 1) if 2 * near < radius else (0,):
            order, keys = self._halves[half].order, self._halves[half].key
            for found, low in self._within(self._runs(half, near, table, key), key, keys, radius):
                # Where the halves are equally near, the low one has found the bucket.
                fresh = found.where(low > near if half else found.bits - low >= near)
                yield NearPairs(fresh.row, order.index_select(0, fresh.bucket), fresh.bits)

    def _runs(self, half: int, near: int, table: Tensor, key: Tensor) -> _Runs:
        """Where, in the order of this half, the stored keys lie whose half is `near` bits away from the asked ones."""
        stored, masks = self._halves[half], self._masks(self._width[half], near, key.device)
        part = self._part(half, table, key)
        # Folding is linear: the folded half, but for the folded bits that differ.
        folded = (self._folded(half, part)[:, None] ^ _fold(masks)).view(-1)
        maybe = stored.seen.index_select(0, folded).nonzero()[:, 0]
        row = maybe // len(masks)
        asked = part.index_select(0, row) ^ masks.index_select(0, maybe % len(masks))
        place = torch.searchsorted(stored.value, asked).clamp_max_(len(stored.value) - 1)
        hit = (stored.value.index_select(0, place) == asked).nonzero()[:, 0]
        place = place.index_select(0, hit)
        start = stored.start.index_select(0, place)
        return _Runs(row.index_select(0, hit), start, stored.start.index_select(0, place + 1) - start)

    def _within(self, runs: _Runs, key: Tensor, keys: Tensor, radius: int) -> Iterator[tuple[NearPairs, Tensor]]:
        """Pairs of asked keys and members of their runs in `keys` within the radius, and unequal bits of low halves."""
        block = (torch.cumsum(runs.size, 0) - runs.size) // _CANDIDATES
        counts = torch.unique_consecutive(block, return_counts=True)[1].tolist()
        for row, start, size in zip(*(torch.split(part, counts) for part in runs), strict=True):
            owner, place = expand(start, size)
            unequal = key.index_select(0, row).index_select(0, owner) ^ keys.index_select(0, place)
            kept = (set_bits(unequal) <= radius).nonzero()[:, 0]
            unequal = unequal.index_select(0, kept)
            owner, place = owner.index_select(0, kept), place.index_select(0, kept)
            found = NearPairs(row.index_select(0, owner), place, set_bits(unequal).long())
            yield found, set_bits(unequal & self._mask).long()

    @property
    def _mask(self) -> int:
        return (1 << self._low) - 1

    def _part(self, half: int, table: Tensor, key: Tensor) -> Tensor:
        """The half of each key, with its table above it."""
        value = key >> self._low if half else key & self._mask
        return (table << self._width[half]) | value

    def _folded(self, half: int, part: Tensor) -> Tensor:
        """Halves with their tables, as numbers small enough to index with."""
        width = self._width[half]
        return (part >> width << _FOLD) | _fold(part & ((1 << width) - 1))

    def _sorted(self, half: int, table: Tensor) -> _Half:
        part = self._part(half, table, self._key)
        seen = torch.zeros((len(self._first) - 1) << _FOLD, dtype=torch.bool, device=part.device)
        seen[self._folded(half, part)] = True
        part, order = torch.sort(part, stable=True)
        value, counts = torch.unique_consecutive(part, return_counts=True)
        start = torch.cat([counts.new_zeros(1), torch.cumsum(counts, 0)])
        return _Half(order, self._key.index_select(0, order), value, start, seen)

    @staticmethod
    def _masks(width: int, bits: int, device: torch.device) -> Tensor:
        """All numbers of `width` bits of which `bits` are set."""
        return torch.tensor([sum(1 << b for b in chosen) for chosen in combinations(range(width), bits)], device=device)


def _fold(value: Tensor) -> Tensor:
    """At most 32 bits laid over each other in 16."""
    return (value ^ (value >> _FOLD)) & ((1 << _FOLD) - 1)
