"""What one query meets in each hash table, code by code: for people, not for scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from oddframe.index.code_buckets import CodeBuckets
from oddframe.index.fixed_point import STEPS
from oddframe.index.hash_keys import pack
from oddframe.index.lookup import Lookup
from oddframe.index.mean_buckets import MeanBuckets
from oddframe.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """What a query met in one table.

    Args:
        key: the bucket that it belongs to.
        codes: how many codes it was compared with, in that bucket or, where it is empty, in the nearest ones.
        row: (n,) the nearest of these, as numbers into the tables' `provenance`. Tables that keep sums know one row
            for each video in a bucket.
        distance: (n,) float32, ascending; with sums, to the mean of the video's codes there.
    """

    key: int
    codes: int
    row: IntArray
    distance: FloatArray


def met(buckets: CodeBuckets | MeanBuckets, lookup: Lookup, fixed: Tensor, probe: int, nearest: int) -> tuple[Met, ...]:
    """What one query met, table by table.

    Args:
        buckets: where codes are kept.
        lookup: from keys to buckets.
        fixed: (1, b, r) its fixed-point codes.
        probe: how many bits away an empty bucket's neighbours may be.
        nearest: most rows a table.
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
