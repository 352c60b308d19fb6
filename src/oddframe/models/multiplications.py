"""What a detector's scores cost: multiplications, by the formulas of paper LLSH, table 2.

Symbols, here and there: d values in a vector, N normal observations that are stored or clustered, M observations that
are scored. What is counted is the work on vectors after observing: indexing or clustering the N and scoring the M.
Standardising, learning hash functions, square roots and sorting are not counted, nor are they in the paper.
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
    """d N M: each query's distance to all that is stored.

    Args:
        values, stored, queries: d, N, M.
    """
    return values * stored * queries


def clusters_cost(*, values: int, clusters: int, stored: int, iterations: int, queries: int) -> int:
    """d K N t + d K M: t passes of N observations over K centroids, then each query's distance to all centroids.

    Args:
        values, clusters, stored, iterations, queries: d, K, N, t, M; t counts the passes that were made.
    """
    return values * clusters * (stored * iterations + queries)


def hashing_cost(
    *, values: int, tables: int, bits: int, stored: int, queries: int, compared: int, averaged: int = 0
) -> int:
    """d r b (M + N) + r n + 2 r m: hash everything, compare codes of r values, and keep running means (light-LLSH).

    Args:
        values: d, what each hash function takes in.
        tables, bits, stored, queries: b, r, N, M.
        compared: n, pairs of a query's code and a stored code, or bucket's mean, over all queries and tables.
        averaged: m, codes that went into a running mean. The first of a bucket is its mean and costs nothing, so it
            is b N less the number of buckets (the paper's m is as much below its b N; it does not say how it counts).
    """
    return values * bits * tables * (queries + stored) + bits * compared + 2 * bits * averaged
