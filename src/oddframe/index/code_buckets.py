"""Buckets that keep every code (the paper's LLSH)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.index.code_distances import CodeDistances
from oddframe.index.csr import Csr
from oddframe.index.hash_keys import pack
from oddframe.index.provenance import Provenance
from oddframe.index.stored import stored_array, to_tensor
from oddframe.types import BoolArray, IntArray, Json, VideoId

Fixed = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class LooseCodes:
    """M codes as they came.

    Args:
        source: (M,) whose they are.
        fixed: (M, b, r) fixed-point codes.
    """

    source: Provenance
    fixed: Fixed

    def loose(self) -> LooseCodes:
        """Itself."""
        return self

    def order(self) -> IntArray:
        """By video, frame and box, and where all these are the same by the codes: there is only one such order."""
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
    """M codes in b tables, each of which has them in the order of their keys, so that a bucket lies in one piece.

    Args:
        source: (M,) whose they are.
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
        """What is to be joined."""
        return LooseCodes(source, fixed)

    @classmethod
    def joined(cls, parts: Sequence[LooseCodes | CodeBuckets], tables: int, bits: int) -> Self:
        """All parts' codes."""
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
        """The same, code by code."""
        tables, count, bits = self.codes.shape
        fixed = np.empty((count, tables, bits), np.int16)
        for table in range(tables):
            fixed[self.row[table], table] = self.codes[table]
        return LooseCodes(self.source, fixed)

    def __len__(self) -> int:
        return len(self.source)

    def without(self, video: VideoId) -> Self:
        """The same less one video."""
        kept = self.source.others(video)
        number = np.cumsum(kept, dtype=np.int32) - 1
        places = kept[self.row]
        rows = places.sum(axis=1)
        shape = (len(rows), int(kept.sum()))
        csr = Csr.of(rows, self.csr.keys()[places.reshape(-1)])
        codes = self.codes[places].reshape(*shape, self.codes.shape[2])
        return type(self)(self.source.select(kept), csr, number[self.row[places]].reshape(shape), codes)

    def members(self, bucket: int) -> tuple[IntArray, npt.NDArray[np.float64], int]:
        """One bucket's rows (n,) of `source`, their codes (n, r) in steps, and how many codes that is."""
        places = slice(self.csr.start[bucket], self.csr.start[bucket + 1])
        codes = self.codes.reshape(-1, self.codes.shape[2])[places].astype(np.float64)
        return self.row.reshape(-1)[places].astype(np.int64), codes, len(codes)

    def distances(self, device: torch.device) -> CodeDistances:
        """What answers queries on this device."""
        codes, start = (torch.from_numpy(part).to(device) for part in (self.codes, self.csr.start))
        return CodeDistances(codes.flatten(0, 1), start, self.nearest)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """Tensors and JSON values to save."""
        tensors, meta = self.source.state()
        return {**tensors, **self.csr.state(), "row": to_tensor(self.row), "codes": to_tensor(self.codes)}, meta

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], tables: int, bits: int) -> Self:
        """What `state` saved, its memory shared. Raises `StoreError` where it does not fit."""
        source = Provenance.restored(tensors, meta)
        csr = Csr.restored(tensors, tables, bits, tables * len(source))
        row = stored_array(tensors, "row", torch.int32, tables, len(source))
        return cls(source, csr, row, stored_array(tensors, "codes", torch.int16, tables, len(source), bits))


class NearestBuckets(CodeBuckets):
    """The same codes; a bucket's distance is that to the nearest of them."""

    nearest: ClassVar[bool] = True
