"""The buckets nearest to a key in bits, by multi-index hashing (Norouzi, Punjani and Fleet 2012)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from oddframe.index.csr import expand
from oddframe.index.hash_keys import unequal_bits

_CANDIDATES = 1 << 20  # looked at in one go
_FEW = 64  # keys in a table that are compared one and all sooner than looked up


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """P pairs of asked keys and stored buckets: number of the asked key, number of the bucket, bits between."""

    row: Tensor
    bucket: Tensor
    bits: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of candidates: whose they are, where they begin in `order` (None = buckets as numbered), how many."""

    row: Tensor
    start: Tensor
    size: Tensor
    order: Tensor | None


class MultiIndex:
    """Finds all keys of a table within a Hamming distance.

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

    def nearest(self, table: Tensor, key: Tensor, radius: int) -> Near:
        """For each asked key all buckets of its table at the least distance, where that is at most `radius`."""
        best = torch.full((len(key),), radius + 1, device=key.device)
        waiting, found = torch.arange(len(key), device=key.device), []
        for near in range(radius // 2 + 1):
            if not len(waiting):
                break
            every = self._most <= _FEW or 4 * math.comb(max(self._width), near) > self._most
            for step in self._round(near, every, table[waiting], key[waiting], radius):
                pairs = Near(waiting[step.row], step.bucket, step.bits)
                best.scatter_reduce_(0, pairs.row, pairs.bits, "amin")
                found.append(pairs)
            if every:
                break
            # Whatever lies within 2 near + 1 bits has been seen by now.
            waiting = waiting[best[waiting] > 2 * near + 1]
        row, bucket, bits = (torch.cat([getattr(p, name) for p in found]) for name in ("row", "bucket", "bits"))
        kept = (bits == best[row]).nonzero()[:, 0]
        return Near(row[kept], bucket[kept], bits[kept])

    def _round(self, near: int, every: bool, table: Tensor, key: Tensor, radius: int) -> Iterator[Near]:
        """Buckets that are `near` bits away in the half that is the nearer one; or at least that, and all."""
        if every:
            rows = torch.arange(len(key), device=key.device)
            runs = _Runs(rows, self._first[table], self._first[table + 1] - self._first[table], None)
            yield from self._checked(runs, key, (near, radius, None))
            return
        for half in (0, 1):
            order, values, offsets = self._halves[half]
            masks = self._masks(self._width[half], near, key.device)
            asked = self._part(half, table, key)[:, None] ^ masks
            place = torch.searchsorted(values, asked).clamp_max_(len(values) - 1)
            row, mask = (values[place] == asked).nonzero(as_tuple=True)
            place = place[row, mask]
            runs = _Runs(row, offsets[place], offsets[place + 1] - offsets[place], order)
            yield from self._checked(runs, key, (near, radius, half))

    def _checked(self, runs: _Runs, key: Tensor, wanted: tuple[int, int, int | None]) -> Iterator[Near]:
        """The pairs of asked keys and members of these runs that are wanted, a bounded number at once."""
        block = (torch.cumsum(runs.size, 0) - runs.size) // _CANDIDATES
        counts = torch.unique_consecutive(block, return_counts=True)[1].tolist()
        for part in torch.split(torch.arange(len(block), device=block.device), counts):
            owner, place = expand(runs.start[part], runs.size[part])
            bucket = place if runs.order is None else runs.order[place]
            asked = runs.row[part][owner]
            kept, bits = self._wanted(key[asked], self._key[bucket], *wanted)
            yield Near(asked[kept], bucket[kept], bits)

    def _wanted(self, asked: Tensor, stored: Tensor, near: int, radius: int, half: int | None) -> tuple[Tensor, Tensor]:
        """Pairs within the radius, each in one round and one half only: that of its nearer half, the low if level."""
        bits = unequal_bits(asked, stored)
        low = unequal_bits(asked & self._mask, stored & self._mask)
        high = bits - low
        fresh = {0: low <= high, 1: high < low, None: torch.minimum(low, high) >= near}[half]
        kept = (fresh & (bits <= radius)).nonzero()[:, 0]
        return kept, bits[kept]

    @property
    def _mask(self) -> int:
        return (1 << self._low) - 1

    def _part(self, half: int, table: Tensor, key: Tensor) -> Tensor:
        """The half of each key, with its table above it."""
        value = key >> self._low if half else key & self._mask
        return (table << self._width[half]) | value

    def _sorted(self, half: int, table: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Buckets by half, the distinct halves, and where each one's buckets begin."""
        value, order = torch.sort(self._part(half, table, self._key), stable=True)
        distinct, counts = torch.unique_consecutive(value, return_counts=True)
        offsets = torch.cat([counts.new_zeros(1), torch.cumsum(counts, 0)])
        return order, distinct, offsets

    @staticmethod
    def _masks(width: int, bits: int, device: torch.device) -> Tensor:
        """All numbers of `width` bits of which `bits` are set."""
        return torch.tensor([sum(1 << b for b in chosen) for chosen in combinations(range(width), bits)], device=device)
