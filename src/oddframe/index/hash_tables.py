"""Hash tables over short codes: near codes meet in a bucket (paper LLSH, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from torch import Tensor

from oddframe.errors import SettingsError
from oddframe.index.code_buckets import CodeBuckets
from oddframe.index.hash_keys import MOST_BITS, pack, probe
from oddframe.index.mean_buckets import MeanBuckets
from oddframe.index.provenance import Provenance
from oddframe.types import FloatArray, IntArray, Json, VideoId

SUMMARIES = ("all", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What N queries found in b tables.

    Args:
        distance: (N, b) float32, to the codes in the nearest bucket; sqrt(r) where there was none near enough.
        flips: (N, b) int64, bits between the query's key and that bucket's; -1 where there was none.
    """

    distance: FloatArray
    flips: IntArray


class HashTables:
    """b tables of r-bit buckets. A code is stored under its sign bits; a query meets the codes under its own.

    A monoid: what it holds does not depend on the order in which codes were added or tables merged.

    Args:
        tables: b, >= 1.
        bits: r, 1 .. 63.
        summary: "all" keeps every code, and the distance is the mean over the bucket's codes (the paper's);
            "mean" keeps the sum per bucket and video, and the distance is that to the bucket's mean (light-LLSH).
        probe: where the very bucket is empty, look on in the nearest non-empty ones up to this many bits away
            (those at the least distance, taken as one bucket); 0 = the paper's.

    Raises:
        SettingsError: a value out of range.
    """

    def __init__(self, tables: int, bits: int, summary: str = "all", probe: int = 0) -> None:
        if tables < 1 or not 1 <= bits <= MOST_BITS:
            raise SettingsError(f"hash tables need at least 1 table and 1 to {MOST_BITS} bits, not {tables} and {bits}")
        if summary not in SUMMARIES:
            raise SettingsError(f"summary is one of {', '.join(SUMMARIES)}, not {summary!r}")
        if probe < 0:
            raise SettingsError(f"probe is a number of bits, at least 0, not {probe}")
        self._tables, self._bits, self._probe = tables, bits, probe
        self._kind: type[CodeBuckets] | type[MeanBuckets] = CodeBuckets if summary == "all" else MeanBuckets
        self._parts: list[Any] = [self._kind.of(Provenance.none(), np.zeros((0, tables, bits), np.float32))]

    def __len__(self) -> int:
        return len(self._buckets)

    @property
    def _buckets(self) -> CodeBuckets | MeanBuckets:
        buckets: CodeBuckets | MeanBuckets = self.settle()._parts[0]
        return buckets

    @property
    def provenance(self) -> Provenance:
        """Whose the stored codes are: a row per code, or with summary "mean" per table, bucket and video."""
        return self._buckets.source

    def add(self, video: VideoId, frame: IntArray, box: FloatArray, codes: FloatArray) -> None:
        """Add (N, b, r) float32 codes in (0, 1) of one video; copied. Adding the same twice counts twice."""
        if len(frame):
            self._parts.append(self._kind.of(Provenance.of(video, frame, box), codes))

    def query(self, codes: FloatArray) -> Matches:
        """Look up (N, b, r) float32 codes; each row's answer depends on that row alone, to the bit."""
        buckets, keys = self._buckets, pack(codes)
        distance = np.empty(keys.shape, np.float32)
        flips = np.empty(keys.shape, np.int64)
        for table in range(self._tables):
            probed = probe(buckets.keys(table), keys[:, table], self._probe)
            distance[:, table] = buckets.distances(table, codes[:, table], probed)
            flips[:, table] = probed.flips
        distance[flips < 0] = math.sqrt(self._bits)
        return Matches(distance, flips)

    def compared(self, codes: FloatArray) -> IntArray:
        """(N, b) how many vectors of r values `query` compares each code with in each table."""
        buckets, keys = self._buckets, pack(codes)
        probed = [probe(buckets.keys(table), keys[:, table], self._probe) for table in range(self._tables)]
        return np.stack([buckets.compared(table, found) for table, found in enumerate(probed)], axis=1)

    def occupied(self) -> int:
        """How many buckets hold anything, over all tables."""
        return sum(len(self._buckets.keys(table)) for table in range(self._tables))

    def merge(self, other: HashTables) -> Self:
        """Take in everything that other tables of the same make hold."""
        mine, theirs = ((t._kind, t._tables, t._bits) for t in (self, other))
        if mine != theirs:
            raise SettingsError("hash tables merge only with tables of the same number, bits and summary")
        self._parts.append(other._buckets)
        return self.settle()

    def forget(self, video: VideoId) -> Self:
        """Drop every code of this video. Nothing happens if there is none."""
        self._parts = [self._buckets.without(video)]
        return self

    def settle(self) -> Self:
        """Do the work that additions put off. Reading does it too."""
        if len(self._parts) > 1:
            self._parts = [self._kind.joined(self._parts)]
        return self

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """Tensors and JSON values to save."""
        return self._buckets.state()

    def restore(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Self:
        """Hold what `state` saved, instead of what is held now. Raises `StoreError` where it does not fit."""
        self._parts = [self._kind.restored(tensors, meta, self._tables, self._bits)]
        return self
