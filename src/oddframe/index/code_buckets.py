"""Buckets that keep every code (the paper's LLSH)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.index.hash_keys import Probed, pack
from oddframe.index.nearest import squared_distances
from oddframe.index.provenance import Provenance
from oddframe.index.stored import stored_array, to_tensor
from oddframe.types import FloatArray, IntArray, Json, VideoId

_PIECE = 4096  # codes of one bucket summed in one go
_BLOCK = 1 << 16  # codes gathered at once


@dataclass(frozen=True, slots=True, eq=False)
class CodeBuckets:
    """M codes in b tables.

    Args:
        source: (M,) whose they are.
        codes: (M, b, r) float32 in (0, 1).
    """

    source: Provenance
    codes: FloatArray
    _layouts: dict[int, Layout] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Provenance, codes: FloatArray) -> Self:
        """All given codes."""
        return cls(source, np.array(codes, np.float32))

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """All parts' codes, by video, frame and box."""
        source = Provenance.joined([part.source for part in parts])
        order = source.order()
        return cls(source.select(order), np.concatenate([part.codes for part in parts])[order])

    def __len__(self) -> int:
        return len(self.source)

    def without(self, video: VideoId) -> Self:
        """The same less one video."""
        rows = self.source.others(video)
        return type(self)(self.source.select(rows), self.codes[rows])

    def keys(self, table: int) -> IntArray:
        """(U,) keys of the table's non-empty buckets, ascending."""
        return self._layout(table).keys

    def distances(self, table: int, codes: FloatArray, probed: Probed) -> FloatArray:
        """(N,) mean Euclidean distance of each query's code to all codes in its buckets; NaN for one without any."""
        layout = self._layout(table)
        start, count = layout.start[probed.bucket], layout.count[probed.bucket]
        sums = self._sums(table, start, count, codes[probed.query])
        total = np.bincount(probed.query, sums, len(codes))
        members = np.bincount(probed.query, count, len(codes))
        mean = np.full(len(codes), np.nan)
        np.divide(total, members, out=mean, where=members > 0)
        return mean.astype(np.float32)

    def compared(self, table: int, probed: Probed) -> IntArray:
        """(N,) how many codes each query is compared with."""
        members = self._layout(table).count[probed.bucket]
        return np.bincount(probed.query, members, len(probed.flips)).astype(np.int64)

    def _sums(self, table: int, start: IntArray, count: IntArray, codes: FloatArray) -> npt.NDArray[np.float64]:
        """(P,) sums of distances from each code to a run of the table; runs are cut into pieces at fixed places."""
        pieces = -(-count // _PIECE)
        owner = np.repeat(np.arange(len(count)), pieces)
        skipped = _PIECE * (np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces))
        lengths = np.minimum(count[owner] - skipped, _PIECE)
        sums = np.zeros(len(owner))
        blocks = (np.cumsum(lengths) - lengths) // _BLOCK
        for block in np.split(np.arange(len(owner)), np.flatnonzero(np.diff(blocks)) + 1):
            run, first = lengths[block], (start[owner] + skipped)[block]
            offsets = np.cumsum(run) - run
            member = self._layout(table).order[np.arange(run.sum()) + np.repeat(first - offsets, run)]
            asked = codes[np.repeat(owner[block], run)]
            apart = np.sqrt(squared_distances(self.codes[member, table], asked))
            if len(block):
                sums[block] = np.add.reduceat(apart, offsets, dtype=np.float64)
        total: npt.NDArray[np.float64] = np.bincount(owner, sums, len(count)).astype(np.float64)
        return total

    def _layout(self, table: int) -> Layout:
        if table not in self._layouts:
            self._layouts[table] = Layout.of(pack(self.codes[:, table]))
        return self._layouts[table]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """Tensors and JSON values to save."""
        tensors, meta = self.source.state()
        return {**tensors, "codes": to_tensor(self.codes)}, meta

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], tables: int, bits: int) -> Self:
        """What `state` saved. Raises `StoreError` where it does not fit."""
        source = Provenance.restored(tensors, meta)
        return cls(source, stored_array(tensors, "codes", torch.float32, len(source), tables, bits))


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One table: codes sorted by key, and where each key's run lies.

    Args:
        order: (M,) code numbers by key.
        keys, start, count: (U,) each bucket's key, first place in `order`, and number of codes.
    """

    order: IntArray
    keys: IntArray
    start: IntArray
    count: IntArray

    @classmethod
    def of(cls, keys: IntArray) -> Self:
        """The layout of M keys; codes of one bucket keep their order."""
        order = np.argsort(keys, kind="stable")
        distinct, start, count = np.unique(keys[order], return_index=True, return_counts=True)
        return cls(order, distinct, start.astype(np.int64), count.astype(np.int64))
