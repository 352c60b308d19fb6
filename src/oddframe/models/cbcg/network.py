"""The network: segments and the few before them in, a score and an embedding each out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_HIDDEN = 32


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the network.

    Args:
        values: of a segment's vector.
        width: of the encoder.
        embedding: values of the clustering branch.
        look_back: earlier segments that a segment is seen with.
        dropout: share of the encoder's values that training leaves out.
    """

    values: int
    width: int
    embedding: int
    look_back: int
    dropout: float


class WeakNet(nn.Module):
    """An encoder that looks back only, a scoring head and a clustering branch (docs/methods/cbcg.md).

    Args:
        sizes: see `Sizes`.
        seed: of the initial values.
    """

    def __init__(self, sizes: Sizes, seed: int) -> None:
        super().__init__()
        self.sizes = sizes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.project = nn.Linear(sizes.values, sizes.width)
            self.mix = nn.Linear((sizes.look_back + 1) * sizes.width, sizes.width)
            self.scorer = nn.Sequential(nn.Linear(sizes.width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1))
            self.branch = nn.Linear(sizes.width, sizes.embedding)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T) and unit embeddings (B, T, E) of whole videos (B, T, D)."""
        seen = self.seen(segments)  # (B, T, W)
        before = functional.pad(seen, (0, 0, self.sizes.look_back, 0))  # (B, look_back + T, W)
        windows = before.unfold(1, self.sizes.look_back + 1, 1).transpose(2, 3)  # (B, T, look_back + 1, W)
        return self.judged(windows)

    def seen(self, segments: Tensor) -> Tensor:
        """(..., W), each segment (..., D) on its own."""
        return functional.relu(self.project(segments))

    def judged(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (...) and unit embeddings (..., E) of the last segments of windows (..., look_back + 1, W)."""
        mixed = functional.relu(self.mix(windows.flatten(-2)))  # (..., W)
        encoded = self.dropout(windows[..., -1, :] + mixed)  # (..., W)
        return self.scorer(encoded).squeeze(-1), functional.normalize(self.branch(encoded), dim=-1)
