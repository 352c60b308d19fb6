"""Momentum contrast: what belongs together gets similar codes (MoCo, He et al. 2020; paper LLSH, section 3.1)."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from oddframe.training.devices import gathered
from oddframe.training.learner import Learner


def info_nce(query: Tensor, positive: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """The mean InfoNCE loss (paper LLSH, eq. 1).

    Args:
        query, positive: (B, z) unit vectors.
        queue: (l, z) negatives, unit vectors.
        temperature: tau, > 0.

    >>> one = torch.tensor([[1.0, 0.0]])
    >>> round(float(info_nce(one, one, torch.tensor([[0.0, 1.0]]), temperature=1.0)), 4)  # log(1 + 1/e)
    0.3133
    """
    agreement = torch.cat([(query * positive).sum(1, keepdim=True), query @ queue.T], dim=1)
    return functional.cross_entropy(
        agreement / temperature, torch.zeros(len(query), dtype=torch.long, device=query.device)
    )


def follow(key: nn.Module, query: nn.Module, momentum: float) -> None:
    """Move the key encoder's parameters a little towards the query encoder's (paper LLSH, eq. 2).

    Args:
        key, query: the encoders; only the first changes.
        momentum: m, the share of its own values that the key encoder retains, 0 .. 1.
    """
    with torch.no_grad():
        for mine, theirs in zip(key.parameters(), query.parameters(), strict=True):
            mine.mul_(momentum).add_(theirs, alpha=1 - momentum)


class KeyQueue(nn.Module):
    """The last `length` keys, first in, first out. At the beginning, they are random unit vectors.

    Args:
        length: how many.
        size: values in a key.
        generator: of the random ones.
    """

    keys: Tensor
    place: Tensor

    def __init__(self, length: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        first = functional.normalize(torch.randn((length, size), generator=generator), dim=1)
        self.register_buffer("keys", first)
        self.register_buffer("place", torch.zeros((), dtype=torch.long))

    def push(self, keys: Tensor) -> None:
        """Replace the oldest keys by these (B, size) ones."""
        length = len(self.keys)
        skipped = max(0, len(keys) - length)
        places = (self.place + torch.arange(skipped, len(keys), device=self.keys.device)) % length
        self.keys[places] = keys[skipped:].detach()
        self.place.add_(len(keys)).remainder_(length)


class MomentumContrast(Learner):
    """Trains an encoder on pairs; gradients flow through the query side only.

    Args:
        encoder: (B, d) -> (B, size); codes are L2-normalised for the loss only. The encoder itself is trained, no copy.
        size: values in a code.
        queue: how many recent keys each query is compared with.
        temperature: tau of InfoNCE.
        key_momentum: m of the key encoder.
        seed: of the queue's first keys.
    """

    def __init__(
        self, encoder: nn.Module, *, size: int, queue: int, temperature: float, key_momentum: float, seed: int
    ) -> None:
        super().__init__()
        self.temperature, self.key_momentum = temperature, key_momentum
        self.encoder, self.key = encoder, copy.deepcopy(encoder).requires_grad_(False)
        self.queue = KeyQueue(queue, size, torch.Generator().manual_seed(seed))
        self._keys = self.queue.keys[:0]

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        anchors, positives = batch  # (B, d) each
        with torch.no_grad():
            self._keys = functional.normalize(self.key(positives), dim=1)
        queries = functional.normalize(self.encoder(anchors), dim=1)  # (B, size)
        return {"loss": info_nce(queries, self._keys, self.queue.keys, self.temperature)}

    def after_step(self) -> None:
        follow(self.key, self.encoder, self.key_momentum)
        self.queue.push(gathered(self._keys))
