"""Momentum contrast: what belongs together gets near codes (MoCo, He et al. 2020; paper LLSH, section 3.1)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from oddframe.errors import FitError
from oddframe.types import Progress, Run


@dataclass(frozen=True, slots=True)
class Contrast:
    """How to train by momentum contrast.

    Args:
        queue: how many recent keys are held against each query.
        temperature: tau of InfoNCE.
        key_momentum: m of the key encoder.
        learning_rate, momentum, weight_decay: of the stochastic gradient descent.
    """

    queue: int
    temperature: float
    key_momentum: float
    learning_rate: float
    momentum: float
    weight_decay: float


def info_nce(query: Tensor, positive: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Mean InfoNCE loss (paper LLSH, eq. 1) of (B, z) unit queries, their (B, z) positives and (l, z) negatives.

    >>> one = torch.tensor([[1.0, 0.0]])
    >>> round(float(info_nce(one, one, torch.tensor([[0.0, 1.0]]), temperature=1.0)), 4)  # log(1 + 1/e)
    0.3133
    """
    agreement = torch.cat([(query * positive).sum(1, keepdim=True), query @ queue.T], dim=1)
    return functional.cross_entropy(
        agreement / temperature, torch.zeros(len(query), dtype=torch.long, device=query.device)
    )


class KeyQueue:
    """The last `length` keys, first in, first out. Before that many came, the rest are random unit vectors.

    Args:
        length: how many.
        size: values in a key.
        generator: of the random ones.
    """

    def __init__(self, length: int, size: int, generator: torch.Generator) -> None:
        self.keys = functional.normalize(torch.randn((length, size), generator=generator), dim=1)
        self._next = 0

    def push(self, keys: Tensor) -> None:
        """Put (B, size) keys in the places of the oldest."""
        length = len(self.keys)
        self.keys = self.keys.to(keys.device)
        skipped = max(0, len(keys) - length)
        places = (self._next + torch.arange(skipped, len(keys), device=keys.device)) % length
        self.keys[places] = keys[skipped:].detach()
        self._next = (self._next + len(keys)) % length


def follow(key: nn.Module, query: nn.Module, momentum: float) -> None:
    """Move the key encoder's parameters a little towards the query encoder's (paper LLSH, eq. 2)."""
    with torch.no_grad():
        for mine, theirs in zip(key.parameters(), query.parameters(), strict=True):
            mine.mul_(momentum).add_(theirs, alpha=1 - momentum)


def train_contrastive(
    encoder: nn.Module,
    pairs: Iterable[tuple[Tensor, Tensor]],
    settings: Contrast,
    *,
    seed: int,
    run: Run = Run(),
    steps: int | None = None,
) -> list[float]:
    """Train an encoder in place; gradients flow through the query side only.

    Args:
        encoder: (B, d) -> (B, z); codes are L2-normalised for the loss only.
        pairs: batches of (anchors, positives), each (B, d), B >= 1.
        settings: the optimisation's.
        seed: of the queue's first keys.
        run: device and progress.
        steps: how many batches there will be, for the progress.

    Returns:
        The loss of each step.

    Raises:
        FitError: the loss is not finite; the message names the step.
    """
    device = torch.device(run.device)
    encoder.to(device).train()
    key = copy.deepcopy(encoder).requires_grad_(False)
    optimiser = torch.optim.SGD(
        encoder.parameters(), settings.learning_rate, settings.momentum, weight_decay=settings.weight_decay
    )
    generator, queue, losses = torch.Generator().manual_seed(seed), None, []
    for step, (anchors, positives) in enumerate(pairs):
        with torch.no_grad():
            keys = functional.normalize(key(positives.to(device)), dim=1)
        queue = queue or KeyQueue(settings.queue, keys.shape[1], generator)
        queries = functional.normalize(encoder(anchors.to(device)), dim=1)
        loss = info_nce(queries, keys, queue.keys.to(device), settings.temperature)
        losses.append(_step(optimiser, loss, step))
        follow(key, encoder, settings.key_momentum)
        queue.push(keys)
        run.progress(Progress("training the hash functions", step + 1, steps, "steps"))
    encoder.to("cpu").eval()
    return losses


def _step(optimiser: torch.optim.Optimizer, loss: Tensor, step: int) -> float:
    value = float(loss.detach())
    if not torch.isfinite(loss):
        raise FitError(
            f"the contrastive loss became {value} at step {step}; lower the learning rate or look at the features"
        )
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return value
