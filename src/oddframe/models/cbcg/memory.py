"""What earlier batches' clusters were like."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


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
