"""Distances to the mean of a bucket, or the root mean square distance to its codes, from counts and sums alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from oddframe.index.csr import expand

_FINE = 128  # parts of a step to which means are rounded: then sums of squared differences are exact in float64
_ENTRIES = _BUCKETS = 1 << 16  # pooled at once


@dataclass(slots=True, eq=False)
class MeanDistances:
    """Answers queries by the moments of their buckets, on one device.

    Means are rounded to 1/128 of a step, so squared distances to them are whole numbers, exact however they are
    summed. Spreads are centred in whole numbers too: nothing cancels, and a query's answer is the same to the bit in
    whatever company it is asked, on whatever device.

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
    _means: Moments | None = field(default=None, init=False)

    def own(self, queries: Tensor, bucket: Tensor) -> Tensor:
        """(R,) float64 steps between (R, r) int16 queries and their buckets (R,), -1 = none: anything."""
        if self._means is None:
            self._means = self._of_buckets()
        if not len(self._means.mean):
            return torch.full((len(queries),), torch.nan, dtype=torch.float64, device=queries.device)
        return self._means.take(bucket.clamp(min=0)).distance(queries)

    def pooled(self, queries: Tensor, row: Tensor, bucket: Tensor) -> Tensor:
        """(R,) the same where row `row` (P,) has met bucket `bucket` (P,), and perhaps others: all as one bucket."""
        pair, entry = expand(self.start[bucket], self.start[bucket + 1] - self.start[bucket])
        rows, group = torch.unique(row, return_inverse=True)
        found = self._moments(group.index_select(0, pair), entry, len(rows)).distance(queries.index_select(0, rows))
        distance = torch.full((len(queries),), torch.nan, dtype=torch.float64, device=queries.device)
        distance[rows] = found
        return distance

    def compared(self, row: Tensor, bucket: Tensor, rows: int) -> Tensor:
        """(R,) with how many means `pooled` compares each row: the one of all its buckets."""
        return row.new_zeros(rows).index_fill_(0, row, 1)

    def _of_buckets(self) -> Moments:
        """The moments of every bucket, found for some at a time."""
        parts = []
        for first in range(0, max(len(self.start) - 1, 1), _BUCKETS):
            start = self.start[first : first + _BUCKETS + 1]
            owner = torch.repeat_interleave(torch.arange(len(start) - 1, device=start.device), start.diff())
            entry = torch.arange(len(owner), device=start.device) + start[0]
            parts.append(self._moments(owner, entry, len(start) - 1))
        spreads = [part.spread for part in parts if part.spread is not None]
        return Moments(torch.cat([part.mean for part in parts]), torch.cat(spreads) if spreads else None)

    def _moments(self, owner: Tensor, entry: Tensor, owners: int) -> Moments:
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
        return Moments.of(count, total, square)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Means and spreads of U sets of codes.

    Args:
        mean: (U, r) float32 whole numbers, 1/128 of a step each.
        spread: (U,) float64, mean squared distance of a set's codes to their mean, in squared steps; None = left out.
    """

    mean: Tensor
    spread: Tensor | None

    @classmethod
    def of(cls, count: Tensor, total: Tensor, square: Tensor | None) -> Moments:
        """From counts (U,), sums (U, r) and summed squares (U,), whole numbers all."""
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

    def take(self, sets: Tensor) -> Moments:
        """Those of these sets."""
        spread = None if self.spread is None else self.spread.index_select(0, sets)
        return Moments(self.mean.index_select(0, sets), spread)

    def distance(self, queries: Tensor) -> Tensor:
        """(U,) float64 steps, root mean square or to the mean, from each of U queries (U, r) to the set of its row."""
        # Both are whole numbers under 2**24, so their difference is exact in float32.
        apart = (queries.float().mul_(_FINE) - self.mean).double()
        squared: Tensor = torch.linalg.vecdot(apart, apart) / _FINE**2
        return (squared if self.spread is None else squared + self.spread).sqrt_()
