"""How large the network is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Branches: TypeAlias = Literal["both", "local", "global"]

REDUCED = 8
"""Pixels a side of the square that one query of the memory speaks for: the global encoder halves the frame thrice."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the network, all at least 1.

    Args:
        channels: of a frame: 1 (grey) or 3 (colour).
        context: frames that the next one is predicted from.
        width: channels of the widest maps; encoder and decoder double it as they halve the frame.
        hidden: channels of each recurrent layer.
        layers: how many of these are stacked.
        items, item_size: prototypes in the memory, and values in each.
        branches: "both", or one of the two alone (paper, ablation).
    """

    channels: int
    context: int
    width: int
    hidden: int
    layers: int
    items: int
    item_size: int
    branches: Branches
