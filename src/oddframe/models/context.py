"""Values expected from context: entries that say where something is, regressed out of the other entries."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Self

import torch
from torch import Tensor

from oddframe.errors import SpecError

WIDEST = 8
REACH = 2.5
"""Deviations beyond which context counts as no further: a parabola must not be believed where nothing was seen."""


class ContextFit:
    """A least-squares fit of all values to a parabola of the context, summed chunk by chunk in float64.

    A person far away is small, and slow in the picture. Expectations that bend with the place remove perspective
    without cutting the scene into places, each of which would need normal video of its own.

    Args:
        mean, deviation: (c,) of the context's values, c at most 8.
        values: how many other values there are.

    Raises:
        SpecError: too many context values.
    """

    def __init__(self, mean: Tensor, deviation: Tensor, values: int) -> None:
        if len(mean) > WIDEST:
            raise SpecError(f"{len(mean)} context values are too many to regress on; give at most {WIDEST}")
        self._mean, self._deviation = mean, deviation.clamp(min=1e-9)
        size = terms(len(mean))
        self._gram = torch.zeros((size, size), dtype=torch.float64)
        self._cross = torch.zeros((size, values), dtype=torch.float64)
        self._squares = torch.zeros(values, dtype=torch.float64)
        self._count = 0

    def add(self, context: Tensor, centred: Tensor) -> Self:
        """Add N rows.

        Args:
            context: (N, c) context values.
            centred: (N, values) the other values minus their means.
        """
        basis, centred = self.basis(context), centred.double()
        self._gram += basis.T @ basis
        self._cross += basis.T @ centred
        self._squares += centred.square().sum(0)
        self._count += len(basis)
        return self

    def solve(self) -> tuple[Tensor, Tensor]:
        """Solve for the coefficients.

        Returns:
            (terms, values) coefficients, and (values,) standard deviations of what is left unexplained.
        """
        ridge = 1e-6 * self._count * torch.eye(len(self._gram), dtype=torch.float64)
        slopes = torch.linalg.solve(self._gram + ridge, self._cross)
        left = self._squares - 2 * (slopes * self._cross).sum(0) + (slopes * (self._gram @ slopes)).sum(0)
        return slopes, (left.clamp(min=0) / max(self._count, 1)).sqrt()

    def basis(self, context: Tensor) -> Tensor:
        """(N, terms) float64 terms of (N, c) context values: 1, the standardised values, and their products of two."""
        return parabola(context, self._mean, self._deviation)


def terms(context: int) -> int:
    """How many terms a parabola of so many values has.

    >>> terms(2)
    6
    """
    return 1 + context + context * (context + 1) // 2


def parabola(context: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """(N, terms) float64 terms of a parabola: 1, each standardised context value, and their products of two.

    Args:
        context: (N, c) context values.
        mean, deviation: (c,) what they are standardised with; the result is limited to 2.5 deviations either way.
    """
    scaled = ((context.double() - mean) / deviation.clamp(min=1e-9)).clamp(-REACH, REACH)
    columns = [scaled[:, i] * scaled[:, j] for i, j in combinations_with_replacement(range(scaled.shape[1]), 2)]
    return torch.cat([torch.ones((len(scaled), 1), dtype=torch.float64), scaled, *(c[:, None] for c in columns)], dim=1)
