"""Small things to learn, with all that a learner may have: dropout, batch normalisation, a state without gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from oddframe.training.batches import Batches, shuffled
from oddframe.training.devices import gathered
from oddframe.training.learner import Learner
from oddframe.training.loop import Optimisation

ROWS, WIDTH = 22, 6


class Regression(Learner):
    """Learns to give a fixed linear map, and counts its steps and the mean of what it has seen in buffers."""

    steps: Tensor
    seen: Tensor

    def __init__(self, *, dropout: float = 0.0, norm: bool = False, seed: int = 0) -> None:
        super().__init__()
        self.dropout = dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8) if norm else nn.Tanh(), nn.Linear(8, 2))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.register_buffer("seen", torch.zeros(WIDTH))
        self._batch = torch.zeros(0, WIDTH)

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        (x,) = batch
        self._batch = x
        out = self.net(functional.dropout(x, self.dropout, self.training))
        loss = ((out - x[:, :2]) ** 2).mean()
        return {"loss": loss, "size": out.detach().abs().mean()}

    def after_step(self) -> None:
        self.steps += 1
        self.seen.mul_(0.9).add_(gathered(self._batch).mean(0), alpha=0.1)


def table(rows: int = ROWS) -> Tensor:
    return torch.randn((rows, WIDTH), generator=torch.Generator().manual_seed(7))


def batches(rows: int = ROWS, batch: int = 5, data: Tensor | None = None) -> Batches:
    """By default the last batch of an epoch has two rows."""
    held = table(rows) if data is None else data
    return Batches(shuffled(rows, batch, seed=3), lambda numbers: (held[torch.from_numpy(numbers)],))


def adam(epochs: int = 4, **given: Any) -> Optimisation:
    return Optimisation(**{"epochs": epochs, "optimiser": "adam", "learning_rate": 0.01, "schedule": "cosine", **given})


def parameters(learner: nn.Module) -> Tensor:
    """All that training changed, as one vector."""
    return torch.cat([held.detach().double().flatten() for held in learner.state_dict().values()])
