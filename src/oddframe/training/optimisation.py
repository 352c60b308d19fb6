"""Optimisation: the optimiser, its settings and the learning rate of each epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from oddframe.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Optimisation:
    """An optimiser, its settings, and for how long.

    Args:
        epochs: passes over the data, >= 1.
        optimiser: "adam" or "sgd".
        learning_rate: of the first epoch, > 0.
        momentum: of "sgd", >= 0; "adam" has its own two and ignores this one.
        weight_decay: added to gradients as a pull to zero, >= 0.
        schedule: "constant", or "cosine": from epoch to epoch down half a wave, to zero after the last.
        clip: the largest norm of all gradients together; longer ones are shortened to it. None = no limit.

    Raises:
        SettingsError: a value out of range.
    """

    epochs: int
    optimiser: Literal["adam", "sgd"]
    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    clip: float | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.learning_rate <= 0 or min(self.momentum, self.weight_decay) < 0:
            raise SettingsError(
                "epochs is at least 1, learning_rate above 0, momentum and weight_decay at least 0; "
                f"not {self.epochs}, {self.learning_rate}, {self.momentum} and {self.weight_decay}"
            )
        if self.clip is not None and self.clip <= 0:
            raise SettingsError(f"clip is a norm above 0 or None, not {self.clip}")
        if self.optimiser not in ("adam", "sgd") or self.schedule not in ("constant", "cosine"):
            raise SettingsError(
                f"optimiser is adam or sgd, schedule constant or cosine; not {self.optimiser} and {self.schedule}"
            )

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch.

        >>> cosine = Optimisation(epochs=4, optimiser="adam", learning_rate=0.1, schedule="cosine")
        >>> [round(cosine.rate(epoch), 4) for epoch in range(4)]
        [0.1, 0.0854, 0.05, 0.0146]
        """
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2

    def over(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimiser of these parameters."""
        if self.optimiser == "adam":
            return torch.optim.Adam(parameters, self.learning_rate, weight_decay=self.weight_decay)
        return torch.optim.SGD(parameters, self.learning_rate, self.momentum, weight_decay=self.weight_decay)
