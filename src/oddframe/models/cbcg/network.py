"""CBCG's network: a segment and the few before it in, a score and an embedding out; and the memory of batches."""

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
        """Score whole videos.

        Args:
            segments: (B, T, D) vectors of consecutive segments.

        Returns:
            Logits (B, T) and unit embeddings (B, T, E).
        """
        seen = self.seen(segments)  # (B, T, W)
        before = functional.pad(seen, (0, 0, self.sizes.look_back, 0))  # (B, look_back + T, W)
        windows = before.unfold(1, self.sizes.look_back + 1, 1).transpose(2, 3)  # (B, T, look_back + 1, W)
        return self.judged(windows)

    def seen(self, segments: Tensor) -> Tensor:
        """(..., W) encoded segments, each (..., D) on its own."""
        return functional.relu(self.project(segments))

    def judged(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Score the last segment of each window.

        Args:
            windows: (..., look_back + 1, W) encoded segments, the last one newest.

        Returns:
            Logits (...) and unit embeddings (..., E).
        """
        mixed = functional.relu(self.mix(windows.flatten(-2)))  # (..., W)
        encoded = self.dropout(windows[..., -1, :] + mixed)  # (..., W)
        return self.scorer(encoded).squeeze(-1), functional.normalize(self.branch(encoded), dim=-1)


@dataclass(frozen=True, slots=True)
class Centre:
    """The mean of some embeddings.

    Args:
        mean: (E,), 0 of none.
        count: () how many there are.
    """

    mean: Tensor
    count: Tensor

    @classmethod
    def of(cls, embeddings: Tensor, members: Tensor) -> Centre:
        """The centre of some embeddings.

        Args:
            embeddings: (B, T, E).
            members: (B, T) which of them.
        """
        count = members.sum()
        return cls((embeddings * members[..., None]).sum((0, 1)) / count.clamp(min=1), count)


class CentreMemory(nn.Module):
    """One kind's centres of the last batches, how many segments each stands for, and how many steps ago that was.

    Args:
        places: how many are stored, >= 1; the oldest is replaced first.
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
        """The mean of this batch's centre and the remembered ones, weighted by count and age.

        Gradients flow through this batch's centre alone.
        """
        weights = self.counts * self.fade**self.ages  # (places,)
        count = now.count + weights.sum()
        total = now.mean * now.count + weights @ self.centres  # (E,)
        return Centre(total / count.clamp(min=1e-6), count)

    @torch.no_grad()
    def push(self, now: Centre) -> None:
        """End a step: all centres get older, and a new one that stands for any segment replaces the oldest."""
        self.ages.add_(1)
        if float(now.count) > 0:
            free = int(torch.where(self.counts > 0, self.ages, torch.inf).argmax())
            self.centres[free], self.counts[free], self.ages[free] = now.mean.detach(), now.count.float(), 1.0
