"""What a detector's scores cost: multiplications, by the formulas of paper LLSH, table 2.

Symbols: d values in a vector, N normal observations that are stored or clustered, M observations that are scored. The
work on vectors after observing is counted: indexing or clustering the N, and scoring the M. Standardising, learning
hash functions, square roots and sorting are not counted, as in the paper.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from oddframe.models.source import ObservationSource


@runtime_checkable
class Counted(Protocol):
    """A model that knows its multiplications."""

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications it takes to score all these observations, indexing or clustering included.

        Raises:
            NotFitted: before `train`.
        """


def neighbours_cost(*, values: int, stored: int, queries: int) -> int:
    """The cost of exact neighbours, d N M: each query's distance to all that is stored.

    Args:
        values, stored, queries: d, N, M.
    """
    return values * stored * queries


def clusters_cost(*, values: int, clusters: int, stored: int, iterations: int, queries: int) -> int:
    """The cost of clusters, d K N t + d K M: t passes of N observations over K centroids, then M queries against all.

    Args:
        values, clusters, stored, iterations, queries: d, K, N, t, M; t counts the passes that were made.
    """
    return values * clusters * (stored * iterations + queries)


def hashing_cost(
    *, values: int, tables: int, bits: int, stored: int, queries: int, compared: int, averaged: int = 0
) -> int:
    """The cost of hash tables, d r b (M + N) + r n + 2 r m: hash all, compare codes of r values, update running means.

    Args:
        values: d, the inputs of each hash function.
        tables, bits, stored, queries: b, r, N, M.
        compared: n, pairs of a query's code and a stored code, or bucket's mean, over all queries and tables.
        averaged: m, codes that went into a running mean (light-LLSH). The first code of a bucket is its mean and costs
            nothing, so it is b N minus the number of buckets (the paper's m is below its b N, too; it does not say how
            it counts).
    """
    return values * bits * tables * (queries + stored) + bits * compared + 2 * bits * averaged
