"""Hash functions as a network: vectors in, b short codes out (paper LLSH, section 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class HashNet(nn.Module):
    """Layer normalisation without parameters, then b linear layers without bias to r values each, then a sigmoid.

    The layers are held as one: rows j * r to (j + 1) * r of `weight` are layer j, Xavier-uniform on its own.

    Args:
        size: values in a vector.
        tables: b.
        bits: r.
        lift: a constant put beside each vector's values; 0 = none. Directions from the origin, all that signs of
            linear functions can tell, then tell lengths as well.
        seed: of the initial weights.
    """

    weight: nn.Parameter

    def __init__(self, size: int, tables: int, bits: int, lift: float, seed: int) -> None:
        super().__init__()
        self.lift = lift
        inputs = size + (lift > 0)
        bound = math.sqrt(6 / (inputs + bits))
        uniform = torch.rand((tables * bits, inputs), generator=torch.Generator().manual_seed(seed))
        self.weight = nn.Parameter((2 * uniform - 1) * bound)

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, size) -> (N, b * r) in (0, 1)."""
        if self.lift > 0:
            vectors = torch.cat([vectors, vectors.new_full((len(vectors), 1), self.lift)], dim=1)
        return torch.sigmoid(functional.layer_norm(vectors, vectors.shape[1:]) @ self.weight.T)
