"""Keys of hash tables: sign bits packed into integers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MOST_BITS = 63  # keys are int64 and never negative
_GATHER = 0x0102040810204080  # times eight bytes of 0 or 1: their bits, in order, in the top byte


def pack(fixed: Tensor) -> Tensor:
    """(..., r) fixed-point codes -> (...) int64 keys: bit i is set where value i is not negative (paper LLSH, eq. 3).

    >>> pack(torch.tensor([[26214, -26215, 0], [-1, -2, -3]], dtype=torch.int16)).tolist()
    [5, 0]
    """
    bits = functional.pad(fixed >= 0, (0, -fixed.shape[-1] % 8))  # (..., 8k)
    octets = (bits.contiguous().view(torch.int64) * _GATHER >> 56) & 255  # (..., k)
    shifts = torch.arange(0, 8 * octets.shape[-1], 8, device=fixed.device)
    return (octets << shifts).sum(dim=-1)


def set_bits(keys: Tensor) -> Tensor:
    """How many bits are set in int64 keys, which are never negative.

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
