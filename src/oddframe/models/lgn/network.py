"""The whole network: frames in, the next frame out, by way of a local and a global branch (paper LGN-Net, fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oddframe.models.lgn.decoder import MemoryDecoder, Painter
from oddframe.models.lgn.encoder import GlobalEncoder
from oddframe.models.lgn.local import LocalBranch
from oddframe.models.lgn.memory import new_items, read
from oddframe.models.lgn.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the branches know of the given frames; None for a branch that is not there.

    Args:
        local: (N, width, S, S).
        queries: (N, S/8, S/8, D) unit vectors.
    """

    local: Tensor | None
    queries: Tensor | None


class LGNNet(nn.Module):
    """LGN-Net (paper, "method"): predicts a frame from `context` frames before it.

    The memory's items are a buffer, (M, D), without gradient: what changes them is `memory.updated`.

    Args:
        sizes: of everything.
        seed: of the initial weights and items.
        detached: whether the memory is read without gradient, see `memory.read`.
    """

    items: Tensor

    def __init__(self, sizes: Sizes, seed: int, *, detached: bool = True) -> None:
        super().__init__()
        self.sizes, self.detached = sizes, detached
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.local = LocalBranch(sizes) if sizes.branches != "global" else None
            self.encoder = GlobalEncoder(sizes) if sizes.branches != "local" else None
            self.decoder = MemoryDecoder(sizes) if sizes.branches != "local" else None
            self.painter = Painter(sizes)
        count = sizes.items if sizes.branches != "local" else 0
        self.register_buffer("items", new_items(count, sizes.item_size, torch.Generator().manual_seed(seed)))

    def encode(self, frames: Tensor) -> Encoded:
        """(N, T, C, S, S) in -1 .. 1 through both branches, as far as the memory is not asked."""
        local = None if self.local is None else self.local(frames)  # (N, width, S, S)
        queries = None if self.encoder is None else self.encoder(frames)  # (N, S/8, S/8, D)
        return Encoded(local, queries)

    def predict(self, encoded: Encoded, items: Tensor) -> Tensor:
        """(N, C, S, S) in -1 .. 1, read from these (M, D) items."""
        branches = [] if encoded.local is None else [encoded.local]  # (N, width, S, S)
        if encoded.queries is not None and self.decoder is not None:
            found = read(encoded.queries, items, detached=self.detached)  # (N, S/8, S/8, D)
            branches.append(self.decoder(found))  # (N, width, S, S)
        painted: Tensor = self.painter(branches)  # (N, C, S, S)
        return painted

    def forward(self, frames: Tensor) -> Tensor:
        """(N, T, C, S, S) in -1 .. 1 -> (N, C, S, S) in -1 .. 1."""
        return self.predict(self.encode(frames), self.items)
