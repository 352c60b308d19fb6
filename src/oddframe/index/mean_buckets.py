"""Buckets that keep one mean per video (the paper's light-LLSH, section 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.hash_keys import Probed, pack
from oddframe.index.nearest import squared_distances
from oddframe.index.provenance import Provenance
from oddframe.index.stored import stored_array, to_tensor
from oddframe.types import FloatArray, IntArray, Json, VideoId

_COLUMNS = ("table", "key", "count", "total")
_FIXED = 2.0**32  # codes are summed as whole multiples of 2**-32: whole numbers add up alike in any order


@dataclass(frozen=True, slots=True, eq=False)
class MeanBuckets:
    """E entries, one for each video in each bucket of each table.

    Sums are whole numbers, so joining and leaving out are exact, in whatever order.

    Args:
        source: (E,) whose it is: the video, and the frame and box of its first code there.
        table: (E,) which table; entries are sorted by table, key and video.
        key: (E,) which bucket.
        count: (E,) how many codes went in.
        total: (E, r) the sum of those codes, in units of 2**-32.
    """

    source: Provenance
    table: IntArray
    key: IntArray
    count: IntArray
    total: IntArray
    _pools: dict[int, tuple[IntArray, IntArray, IntArray]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Provenance, codes: FloatArray) -> Self:
        """The entries of (M, b, r) codes."""
        m, b, r = codes.shape
        total = np.rint(codes.astype(np.float64) * _FIXED).astype(np.int64).reshape(m * b, r)
        table, code = np.tile(np.arange(b), m), np.repeat(np.arange(m), b)
        one = np.ones(m * b, np.int64)
        return cls(source.select(code), table, pack(codes).reshape(-1), one, total)._grouped()

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """All parts' entries, those of the same bucket and video added up."""
        source = Provenance.joined([part.source for part in parts])
        table, key, count, total = (np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
        return cls(source, table, key, count, total)._grouped()

    def _grouped(self) -> Self:
        source = self.source
        order = np.lexsort((*source.box.T[::-1], source.frame, source.video, self.key, self.table))
        source, table, key = source.select(order), self.table[order], self.key[order]
        changed = (np.diff(table) != 0) | (np.diff(key) != 0) | (np.diff(source.video) != 0)
        first = np.flatnonzero(np.concatenate([np.ones(min(len(order), 1), np.bool_), changed]))
        count, total = self.count[order], self.total[order]
        if len(first) < len(order):
            count, total = np.add.reduceat(count, first), np.add.reduceat(total, first, axis=0)
        return type(self)(source.select(first), table[first], key[first], count, total)

    def __len__(self) -> int:
        return int(self.count[self.table == 0].sum())

    def without(self, video: VideoId) -> Self:
        """The same less one video."""
        rows = self.source.others(video)
        return type(self)(
            self.source.select(rows), self.table[rows], self.key[rows], self.count[rows], self.total[rows]
        )

    def keys(self, table: int) -> IntArray:
        """(U,) keys of the table's non-empty buckets, ascending."""
        return self._pooled(table)[0]

    def distances(self, table: int, codes: FloatArray, probed: Probed) -> FloatArray:
        """(N,) Euclidean distance of each query's code to the mean of its buckets' codes; NaN for one without any."""
        distance = np.full(len(codes), np.nan, np.float32)
        if len(probed.query):
            _, count, total = self._pooled(table)
            query, first = np.unique(probed.query, return_index=True)
            members = np.add.reduceat(count[probed.bucket], first)[:, None]
            sums = np.add.reduceat(total[probed.bucket], first, axis=0)
            distance[query] = np.sqrt(squared_distances((sums / (members * _FIXED)).astype(np.float32), codes[query]))
        return distance

    def compared(self, table: int, probed: Probed) -> IntArray:
        """(N,) how many means each query is compared with: the one of all its buckets, or none."""
        return (probed.flips >= 0).astype(np.int64)

    def _pooled(self, table: int) -> tuple[IntArray, IntArray, IntArray]:
        """Keys, counts and sums of one table's buckets over all videos."""
        if table not in self._pools:
            rows = slice(*np.searchsorted(self.table, [table, table + 1]).tolist())
            keys, first = np.unique(self.key[rows], return_index=True)
            count, total = self.count[rows], self.total[rows]
            if len(keys) < len(count):
                count, total = np.add.reduceat(count, first), np.add.reduceat(total, first, axis=0)
            self._pools[table] = keys, count, total
        return self._pools[table]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """Tensors and JSON values to save."""
        tensors, meta = self.source.state()
        columns = {name: to_tensor(getattr(self, name)) for name in _COLUMNS}
        return {**tensors, **columns}, meta

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], tables: int, bits: int) -> Self:
        """What `state` saved. Raises `StoreError` where it does not fit."""
        source = Provenance.restored(tensors, meta)
        table, key, count = (stored_array(tensors, n, torch.int64, len(source)) for n in ("table", "key", "count"))
        total = stored_array(tensors, "total", torch.int64, len(source), bits)
        order = np.lexsort((source.video, key, table))
        sound = (table >= 0) & (table < tables) & (key >= 0) & (key < 2.0**bits) & (count > 0)
        if not sound.all() or not np.array_equal(order, np.arange(len(order))):
            raise StoreError(f"the saved entries of {tables} hash tables contradict each other; the file is damaged")
        return cls(source, table, key, count, total)
