"""Hash tables over short codes: similar codes meet in a bucket (paper LLSH, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.errors import DataError, NotFitted, SettingsError, SpecError
from oddframe.index.code_buckets import CodeBuckets, CodeDistances, NearestBuckets
from oddframe.index.codes import MOST_BITS, MOST_TABLES, STEPS, pack, to_fixed
from oddframe.index.lookup import Lookup
from oddframe.index.mean_buckets import MeanBuckets, MeanDistances, MomentBuckets
from oddframe.index.provenance import Provenance
from oddframe.types import FloatArray, IntArray, Json, VideoId

_KINDS: dict[str, type[Any]] = {
    "all": CodeBuckets,
    "nearest": NearestBuckets,
    "mean": MeanBuckets,
    "moments": MomentBuckets,
}

SUMMARIES = tuple(_KINDS)

_QUERIES = 4096  # looked up together, so that memory stays bounded


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The results of N queries in b tables.

    Args:
        distance: (N, b) float32, to the codes in the nearest bucket; sqrt(r) where none was near enough.
        flips: (N, b) int64, bits between the query's key and that bucket's; -1 where none was near enough.
    """

    distance: FloatArray
    flips: IntArray


class HashTables:
    """b tables of r-bit buckets. A code is stored under its sign bits; a query meets the codes under its own.

    Codes are stored in steps of 2**-16, queries too, and all sums are of whole numbers. So the content does not depend,
    to the bit, on the order in which codes were added or tables merged, and after a video is forgotten the tables are
    as if it had never been added. Each row's answer depends on that row alone.

    Args:
        tables: b, >= 1.
        bits: r, 1 .. 63.
        summary: "all" stores every code, and the distance is the mean over the bucket's codes (the paper's); "nearest"
            stores them too, and the distance is that to the nearest of them; the others store sums per bucket and
            video: with "mean" the distance is that to the bucket's mean (light-LLSH), with "moments" the root mean
            square distance to its codes, which is never below the mean one.
        probe: where the query's own bucket is empty, take the nearest non-empty ones up to this many bits away
            (those at the smallest distance, as one bucket); 0 = the paper's.

    Raises:
        SettingsError: a value out of range.

    >>> tables = HashTables(tables=1, bits=2, summary="moments")
    >>> tables.add("gate", np.array([7]), np.zeros((1, 4), np.float32), np.array([[[0.75, 0.25]]], np.float32))
    >>> tables.query(np.array([[[0.75, 0.375]], [[0.25, 0.25]]], np.float32)).distance.tolist()
    [[0.125], [1.4142135381698608]]
    """

    def __init__(self, tables: int, bits: int, summary: str = "all", probe: int = 0) -> None:
        if not 1 <= tables <= MOST_TABLES or not 1 <= bits <= MOST_BITS:
            raise SettingsError(
                f"hash tables need 1 to {MOST_TABLES} tables and 1 to {MOST_BITS} bits, not {tables} and {bits}"
            )
        if summary not in SUMMARIES:
            raise SettingsError(f"summary is one of {', '.join(SUMMARIES)}, not {summary!r}")
        if probe < 0:
            raise SettingsError(f"probe is a number of bits, at least 0, not {probe}")
        self._tables, self._bits, self._summary, self._probe = tables, bits, summary, probe
        self._parts: list[Any] = []
        self._hold()

    def __len__(self) -> int:
        return len(self._buckets)

    @property
    def _buckets(self) -> CodeBuckets | MeanBuckets:
        buckets: CodeBuckets | MeanBuckets = self.settle()._parts[0]
        return buckets

    @property
    def provenance(self) -> Provenance:
        """Where the stored codes come from: a row per code, or with sums per table, bucket and video."""
        return self._buckets.source

    def add(self, video: VideoId, frame: IntArray, box: FloatArray, codes: FloatArray) -> None:
        """Add codes of one video, copied. Codes that are added twice count twice.

        Args:
            video: which one.
            frame: (N,) the frame that each code is about.
            box: (N, 4) x0 y0 x1 y1, pixels of that frame.
            codes: (N, b, r) float32 in 0 .. 1.

        Raises:
            SpecError: codes of another shape.
            DataError: codes that are not finite, or outside 0 .. 1; the message names the video and the frame.
        """
        self._check(codes.shape)
        try:
            fixed = to_fixed(torch.from_numpy(np.ascontiguousarray(codes)))
        except DataError as error:
            row = np.flatnonzero(~((codes >= 0) & (codes <= 1)).all(axis=(1, 2)))[0]
            raise DataError(f"{video}: {error} of frame {frame[row]}") from error
        if len(frame):
            plain = np.asarray(box, np.float32) + np.float32(0)  # -0 is 0, and has other bits
            self._parts.append(self._kind.part(Provenance.of(video, frame, plain), fixed.numpy()))

    def query(self, codes: FloatArray) -> Matches:
        """The results for (N, b, r) float32 codes in 0 .. 1; errors as in `match`."""
        distance, flips = self.match(torch.from_numpy(np.ascontiguousarray(codes)))
        return Matches(distance.numpy(), flips.numpy())

    def match(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Look up (N, b, r) codes in 0 .. 1 on their device.

        What a device needs is copied to it by the first call after a change.

        Returns:
            `Matches` as tensors: (N, b) distances and (N, b) flips.

        Raises:
            NotFitted: nothing is stored.
            SpecError: codes of another shape.
            DataError: codes that are not finite, or outside 0 .. 1.
        """
        self._check(tuple(codes.shape))
        if not len(self):
            raise NotFitted("the index is empty; add codes of normal video first")
        distance = torch.full(codes.shape[:2], math.sqrt(self._bits), device=codes.device)
        flips = torch.full(codes.shape[:2], -1, device=codes.device)
        for start in range(0, len(codes), _QUERIES):
            part = slice(start, start + _QUERIES)
            self._match(codes[part], distance[part].view(-1), flips[part].view(-1))
        return distance, flips

    def _match(self, codes: Tensor, distance: Tensor, flips: Tensor) -> None:
        """Fill in what was found."""
        lookup, distances = self._on(codes.device)
        fixed = to_fixed(codes)
        keys, queries = pack(fixed), fixed.flatten(0, 1)
        bucket = lookup.own(keys)
        hit = bucket >= 0
        distance[:] = torch.where(hit, (distances.own(queries, bucket) / STEPS).float(), distance)
        flips[hit] = 0
        for near in lookup.others(keys, (~hit).nonzero()[:, 0], self._probe):
            found = distances.pooled(queries, near.row, near.bucket)
            distance[near.row], flips[near.row] = (found[near.row] / STEPS).float(), near.bits

    def compared(self, codes: FloatArray) -> IntArray:
        """(N, b) with how many vectors of r values `query` compares each code in each table."""
        self._check(codes.shape)
        counts = [self._compared(torch.from_numpy(codes[i : i + _QUERIES])) for i in range(0, len(codes), _QUERIES)]
        return np.concatenate([np.zeros((0, self._tables), np.int64), *counts])

    def met(self, codes: FloatArray, nearest: int) -> tuple[Met, ...]:
        """What one observation's codes meet, table by table: for explanations, not for scores.

        Args:
            codes: (b, r) float32 in 0 .. 1.
            nearest: at most so many rows in a table.

        Raises:
            NotFitted: nothing is stored.
            SpecError: codes of another shape.
            DataError: codes that are not finite, or outside 0 .. 1.
        """
        self._check((1, *codes.shape))
        if not len(self):
            raise NotFitted("the index is empty; add codes of normal video first")
        fixed = to_fixed(torch.from_numpy(np.ascontiguousarray(codes))[None])
        lookup = self._on(fixed.device)[0]
        return met(self._buckets, lookup, fixed, self._probe, nearest)

    def _compared(self, codes: Tensor) -> IntArray:
        lookup, distances = self._on(codes.device)
        keys = pack(to_fixed(codes))
        bucket = lookup.own(keys)
        hit = (bucket >= 0).nonzero()[:, 0]
        counts = distances.compared(hit, bucket[hit], len(bucket))
        for near in lookup.others(keys, (bucket < 0).nonzero()[:, 0], self._probe):
            counts += distances.compared(near.row, near.bucket, len(bucket))
        compared: IntArray = counts.view(keys.shape).numpy()
        return compared

    def occupied(self) -> int:
        """How many buckets hold anything, over all tables."""
        return len(self._buckets.csr)

    def merge(self, other: HashTables) -> Self:
        """Add all codes of other tables of the same number, bits and summary.

        Raises:
            SettingsError: they differ.
        """
        mine, theirs = ((t._summary, t._tables, t._bits) for t in (self, other))
        if mine != theirs:
            raise SettingsError("hash tables merge only with tables of the same number, bits and summary")
        self._parts.append(other._buckets)
        return self.settle()

    def forget(self, video: VideoId) -> Self:
        """Remove every code of this video, if there is any."""
        self._hold(self._buckets.without(video))
        return self

    def settle(self) -> Self:
        """Do the work that additions put off. Reading does it too."""
        if len(self._parts) > 1:
            self._hold(self._kind.joined(self._parts, self._tables, self._bits))
        return self

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """The tensors and JSON values to save."""
        return self._buckets.state()

    def restore(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Self:
        """Replace the content by what `state` saved.

        The tensors' memory is used as it is: over a mapped file, codes are read when a query first meets them.

        Args:
            tensors, meta: what was saved.

        Raises:
            StoreError: it does not fit together.
        """
        self._hold(self._kind.restored(tensors, meta, self._tables, self._bits))
        return self

    @property
    def _kind(self) -> type[Any]:
        return _KINDS[self._summary]

    def _hold(self, buckets: CodeBuckets | MeanBuckets | None = None) -> None:
        """Hold these buckets and nothing else; none: nothing at all."""
        if buckets is None:
            nothing = np.zeros((0, self._tables, self._bits), np.int16)
            buckets = self._kind.joined([self._kind.part(Provenance.none(), nothing)], self._tables, self._bits)
        self._parts = [buckets]
        self._prepared: dict[torch.device, tuple[Lookup, CodeDistances | MeanDistances]] = {}

    def _on(self, device: torch.device) -> tuple[Lookup, CodeDistances | MeanDistances]:
        buckets = self._buckets
        if device not in self._prepared:
            self._prepared[device] = Lookup(buckets.csr, self._bits, device), buckets.distances(device)
        return self._prepared[device]

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 3 or shape[1:] != (self._tables, self._bits):
            raise SpecError(
                f"codes of shape {tuple(shape)} do not go with {self._tables} tables of {self._bits} bits;"
                " hash with the functions that the index was built with"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """What a query met in one table.

    Args:
        key: of the bucket that the query belongs to.
        codes: how many codes it was compared with, in that bucket or, where it is empty, in the nearest ones.
        row: (n,) the nearest of these, as numbers in the tables' `provenance`. Tables that store sums have one row for
            each video in a bucket.
        distance: (n,) float32, ascending; with sums, to the mean of the video's codes there.
    """

    key: int
    codes: int
    row: IntArray
    distance: FloatArray


def met(buckets: CodeBuckets | MeanBuckets, lookup: Lookup, fixed: Tensor, probe: int, nearest: int) -> tuple[Met, ...]:
    """What one query met, table by table.

    Args:
        buckets: where codes are stored.
        lookup: finds buckets by their keys.
        fixed: (1, b, r) int16, the query's fixed-point codes.
        probe: how many bits away an empty bucket's neighbours may be.
        nearest: most rows in a table.
    """
    keys = pack(fixed)
    own = lookup.own(keys)
    found: list[list[int]] = [[number] if number >= 0 else [] for number in own.tolist()]
    for near in lookup.others(keys, (own < 0).nonzero()[:, 0], probe):
        for table, number in zip(near.row.tolist(), near.bucket.tolist(), strict=True):
            found[table].append(number)
    queries = fixed[0].double().numpy()
    return tuple(
        _of_table(buckets, numbers, key, query, nearest)
        for numbers, key, query in zip(found, keys[0].tolist(), queries, strict=True)
    )


def _of_table(
    buckets: CodeBuckets | MeanBuckets, numbers: Sequence[int], key: int, query: npt.NDArray[np.float64], nearest: int
) -> Met:
    bits = len(query)
    members = [buckets.members(number) for number in numbers]
    row = np.concatenate([np.zeros(0, np.int64), *(member[0] for member in members)])
    codes = np.concatenate([np.zeros((0, bits)), *(member[1] for member in members)])
    apart = (np.linalg.norm(codes - query, axis=1) / STEPS).astype(np.float32)
    first = np.argsort(apart, kind="stable")[:nearest]
    return Met(key, sum(member[2] for member in members), row[first], apart[first])
