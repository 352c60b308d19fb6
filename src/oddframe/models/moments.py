"""Means and deviations of more rows than memory holds."""

from __future__ import annotations

import torch
from torch import Tensor


class Moments:
    """Count, mean and centred sum of squares, in float64, joined chunk by chunk (Chan, Golub and LeVeque 1983).

    Args:
        size: values in a row.

    >>> moments = Moments(1)
    >>> moments.add(torch.tensor([[1.0], [3.0]]))
    >>> moments.add(torch.tensor([[5.0]]))
    >>> moments.mean.tolist(), moments.deviation().square().tolist()
    ([3.0], [2.66...])
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.mean = torch.zeros(size, dtype=torch.float64)
        self._squares = torch.zeros(size, dtype=torch.float64)

    def add(self, rows: Tensor) -> None:
        """Take in (N, size) rows, N >= 1."""
        rows = rows.double()
        mean = rows.mean(0)
        total = self.count + len(rows)
        apart = mean - self.mean
        self._squares += (rows - mean).square().sum(0) + apart.square() * (self.count * len(rows) / total)
        self.mean = self.mean + apart * (len(rows) / total)
        self.count = total

    def deviation(self) -> Tensor:
        """(size,) standard deviation, the rows taken as the whole population."""
        return (self._squares / max(self.count, 1)).sqrt()
