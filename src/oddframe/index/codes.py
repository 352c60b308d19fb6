"""Codes as fixed-point numbers, and keys of hash tables: their sign bits packed into integers.

Sums and squares of whole numbers are exact, so results are the same in any order and on any device.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from oddframe.errors import DataError

MOST_BITS = 63  # keys are int64 and never negative
MOST_TABLES = 4096

_GATHER = 0x0102040810204080  # times eight bytes of 0 or 1: their bits, in order, in the top byte

STEPS = 1 << 16
"""Steps of a code's range 0 .. 1."""


def pack(fixed: Tensor) -> Tensor:
    """(...) int64 keys of (..., r) fixed-point codes: bit i is set where value i is not negative (paper LLSH, eq. 3).

    >>> pack(torch.tensor([[26214, -26215, 0], [-1, -2, -3]], dtype=torch.int16)).tolist()
    [5, 0]
    """
    bits = functional.pad(fixed >= 0, (0, -fixed.shape[-1] % 8))  # (..., 8k)
    octets = (bits.contiguous().view(torch.int64) * _GATHER >> 56) & 255  # (..., k)
    shifts = torch.arange(0, 8 * octets.shape[-1], 8, device=fixed.device)
    return (octets << shifts).sum(dim=-1)


def set_bits(keys: Tensor) -> Tensor:
    """How many bits are set in each of some int64 keys, which are never negative.

    >>> set_bits(torch.tensor([0b0110, 7, 0])).tolist()
    [2, 3, 0]
    """
    if keys.device.type == "cpu":
        return torch.from_numpy(np.bitwise_count(keys.numpy()))
    return _set_bits_by_sums(keys)


def _set_bits_by_sums(keys: Tensor) -> Tensor:
    # Counts within pairs, nibbles and bytes, which the product adds up in the top byte (Warren, Hacker's Delight, 5-1).
    x = keys - ((keys >> 1) & 0x5555555555555555)
    x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
    return (((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101) >> 56


def to_fixed(codes: Tensor) -> Tensor:
    """(...) int16 codes in steps of 2**-16, counted from 0.5 and rounded down, of (...) float32 codes in 0 .. 1.

    A value of at least 0.5 is then never negative: the bit that a code is stored under stays the same. Differences of
    two codes are off by less than one step.

    Raises:
        DataError: a code is not a number, or outside 0 .. 1.

    >>> to_fixed(torch.tensor([0.0, 0.49999997, 0.5, 1.0])).tolist()
    [-32768, -1, 0, 32767]
    """
    if codes.numel():
        least, most = (float(value) for value in torch.aminmax(codes))
        if not (least >= 0 and most <= 1):
            raise DataError(f"codes lie in 0 .. 1, but these reach from {least:g} to {most:g}; look at the features")
    # Floor first: taking 0.5 away first would round.
    return (codes.float() * STEPS).floor_().sub_(STEPS // 2).clamp_max_(STEPS // 2 - 1).to(torch.int16)
