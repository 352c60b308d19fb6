"""The network: segments and the few before them in, a score and an embedding each out.

What earlier batches' clusters were like.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_HIDDEN = 32


@dataclass(frozen=True, slots=True)
class WeakNetSizes:
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
        sizes: see `WeakNetSizes`.
        seed: of the initial values.
    """

    def __init__(self, sizes: WeakNetSizes, seed: int) -> None:
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


@dataclass(frozen=True, slots=True)
class Centre:
    """The middle of some embeddings.

    Args:
        mean: (E,), 0 of none.
        count: () how many there are.
    """

    mean: Tensor
    count: Tensor

    @classmethod
    def of(cls, embeddings: Tensor, members: Tensor) -> Centre:
        """The middle of those of (B, T, E) embeddings that (B, T) says."""
        count = members.sum()
        return cls((embeddings * members[..., None]).sum((0, 1)) / count.clamp(min=1), count)


class CentreMemory(nn.Module):
    """One kind's centres of the last batches, how many segments each stands for, and how many steps ago that was.

    Args:
        places: how many are kept, >= 1; the oldest goes first.
        size: values in a centre.
        fade: what a centre counts for after one more step, 0 .. 1.
    """

    centres: Tensor
    counts: Tensor
    ages: Tensor

    def __init__(self, places: int, size: int, fade: float) -> None:
        super().__init__()
        self.fade = fade
        self.register_buffer("centres", torch.zeros((places, size)))
        self.register_buffer("counts", torch.zeros(places))
        self.register_buffer("ages", torch.zeros(places))

    def join(self, now: Centre) -> Centre:
        """This batch's centre among the remembered ones, each by its count and age; gradients flow through this one."""
        weights = self.counts * self.fade**self.ages  # (places,)
        count = now.count + weights.sum()
        total = now.mean * now.count + weights @ self.centres  # (E,)
        return Centre(total / count.clamp(min=1e-6), count)

    @torch.no_grad()
    def push(self, now: Centre) -> None:
        """A step is over: all get older, and a centre of something takes the oldest one's place."""
        self.ages.add_(1)
        if float(now.count) > 0:
            free = int(torch.where(self.counts > 0, self.ages, torch.inf).argmax())
            self.centres[free], self.counts[free], self.ages[free] = now.mean.detach(), now.count.float(), 1.0
