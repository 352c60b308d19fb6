"""Compressed sparse rows: which rows belong to which bucket, for all tables at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.saving import stored_array, to_tensor
from oddframe.types import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Csr:
    """U buckets of b tables over R rows, which lie in the order of table, then key.

    Args:
        first: (b + 1,) where each table's buckets begin, and their end.
        key: (U,) each bucket's key, ascending within a table.
        start: (U + 1,) where each bucket's rows begin, and their end.
    """

    first: IntArray
    key: IntArray
    start: IntArray

    @classmethod
    def of(cls, rows: IntArray, key: IntArray) -> Self:
        """The buckets of sorted rows.

        Args:
            rows: (b,) how many rows each table has.
            key: (R,) the rows' keys, ascending within a table.
        """
        opens = np.concatenate([np.ones(min(len(key), 1), np.bool_), key[1:] != key[:-1]])
        edge = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
        opens[edge[edge < len(key)]] = True
        start = np.flatnonzero(opens)
        return cls(
            np.searchsorted(start, edge).astype(np.int64), key[start], np.append(start, len(key)).astype(np.int64)
        )

    def __len__(self) -> int:
        return len(self.key)

    def keys(self) -> IntArray:
        """(R,) the key of each row."""
        return np.repeat(self.key, np.diff(self.start))

    def table(self) -> IntArray:
        """(U,) which table each bucket belongs to."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def rows(self) -> IntArray:
        """(b,) how many rows each table has."""
        return np.diff(self.start[self.first])

    def state(self) -> dict[str, Tensor]:
        """The tensors to save."""
        return {name: to_tensor(getattr(self, name)) for name in ("first", "key", "start")}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], tables: int, bits: int, rows: int) -> Self:
        """What `state` saved.

        Args:
            tensors: what was saved.
            tables, bits: b and r.
            rows: R.

        Raises:
            StoreError: it does not fit together.
        """
        first = stored_array(tensors, "first", torch.int64, tables + 1)
        key = stored_array(tensors, "key", torch.int64, None)
        start = stored_array(tensors, "start", torch.int64, len(key) + 1)
        sound = first[0] == 0 and first[-1] == len(key) and start[0] == 0 and start[-1] == rows
        if not sound or not _ascending(first, key, start, bits).all():
            raise StoreError(f"the saved buckets of {tables} hash tables contradict each other; the file is damaged")
        return cls(first, key, start)


def _ascending(first: IntArray, key: IntArray, start: IntArray, bits: int) -> BoolArray:
    """Whether offsets never fall, no bucket is empty, and keys ascend within tables and fit into their bits."""
    if (np.diff(first) < 0).any() or (np.diff(start) < 1).any():
        return np.zeros(1, np.bool_)
    within = np.ones(max(len(key) - 1, 0), np.bool_)
    inner = first[(first > 0) & (first < len(key))]
    within[inner - 1] = False  # from the last key of one table to the first of the next they may fall
    rising = ~within | (np.diff(key) > 0)
    return np.concatenate([rising, (key >= 0) & (key <= (1 << bits) - 1)])


def expand(start: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """The members of runs, run by run: (number of the run, number of the row), each (R,).

    Args:
        start: (n,) the first row of each run.
        count: (n,) how many rows it has.

    >>> [part.tolist() for part in expand(torch.tensor([10, 50]), torch.tensor([2, 1]))]
    [[0, 0, 1], [10, 11, 50]]
    """
    owner = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)
    shift = start - (torch.cumsum(count, 0) - count)
    return owner, torch.arange(len(owner), device=count.device).add_(shift.index_select(0, owner))
