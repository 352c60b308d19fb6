"""Codes as whole numbers: their sums and squares are exact, so they come out alike in any order and on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from oddframe.errors import DataError

STEPS = 1 << 16
"""Steps of a code's range 0 .. 1."""


def to_fixed(codes: Tensor) -> Tensor:
    """(...) float32 codes in 0 .. 1 -> int16 steps of 2**-16, counted from 0.5, rounded down.

    So a value of at least 0.5 is never negative: the bit that a code is stored under survives. Differences of two
    codes are off by less than one step.

    >>> to_fixed(torch.tensor([0.0, 0.49999997, 0.5, 1.0])).tolist()
    [-32768, -1, 0, 32767]

    Raises:
        DataError: a code is not a number, or outside 0 .. 1.
    """
    if codes.numel():
        least, most = (float(value) for value in torch.aminmax(codes))
        if not (least >= 0 and most <= 1):
            raise DataError(f"codes lie in 0 .. 1, but these reach from {least:g} to {most:g}; look at the features")
    # Floor first: taking 0.5 away first would round.
    return (codes.float() * STEPS).floor_().sub_(STEPS // 2).clamp_max_(STEPS // 2 - 1).to(torch.int16)
