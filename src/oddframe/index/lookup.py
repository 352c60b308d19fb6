"""From keys to buckets."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from oddframe.index.csr import Csr
from oddframe.index.multi_probe import MultiIndex, Near

_MISSES = 4096  # sent on to other buckets together


class Lookup:
    """Finds the buckets of N queries in b tables, on one device. A row is one query in one table, table by table first.

    Args:
        csr: the buckets.
        bits: r.
        device: where to keep the keys.
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
        """(N, b) keys -> (N * b,) the bucket of that very key; -1 where there is none."""
        asked = keys.T.contiguous()
        place = torch.searchsorted(self._table, asked).clamp_max_(self._table.shape[1] - 1)
        hit = (self._table.gather(1, place) == asked) & (place < self._size[:, None])
        return torch.where(hit, place + self._first[:-1, None], -1).T.reshape(-1)

    def others(self, keys: Tensor, rows: Tensor, radius: int) -> Iterator[Near]:
        """For these rows of (N, b) keys the nearest buckets up to `radius` bits away, some rows at a time."""
        if radius < 1 or not len(rows) or not len(self._key):
            return
        if self._near is None:
            self._near = MultiIndex(self._first, self._key, self._bits)
        flat = keys.reshape(-1)
        for some in torch.split(rows, _MISSES):
            near = self._near.nearest(some % len(self._size), flat.index_select(0, some), radius)
            yield Near(some.index_select(0, near.row), near.bucket, near.bits)
