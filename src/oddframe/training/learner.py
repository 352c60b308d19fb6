"""What the training loop trains, how far a training has come, and its losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn

from oddframe.types import FloatArray, IntArray


class Learner(nn.Module, ABC):
    """A module whose forward gives the losses of one batch.

    All that training changes is in parameters and buffers, so that a checkpoint holds all of it: a queue, a memory or
    a count of steps is a buffer, changed in place; a key encoder is a submodule without gradients.
    """

    @abstractmethod
    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """The losses of one batch: scalars by name, the same names at each step.

        `loss` is minimised, the others are recorded. Each is a mean over the batch's rows. It is called in training
        mode, and under autocast where the run asks for it.

        Args:
            batch: the tensors that `Batches.load` gave, rows first.
        """

    def after_step(self) -> None:
        """Change what has no gradient (memory items, key encoder, queue). Called after every optimiser step.

        The result must be the same in all processes: use `gathered` rows.
        """


@dataclass(frozen=True, slots=True)
class History:
    """The losses of every step.

    Args:
        losses: by name, each (steps,), before the step was taken.
        epochs: (epochs,) the step with which each epoch began.
        seconds: how long training took, over all its parts where it was interrupted.
    """

    losses: Mapping[str, FloatArray]
    epochs: IntArray
    seconds: float

    @property
    def loss(self) -> FloatArray:
        """(steps,) the loss that was minimised."""
        return self.losses["loss"]


@dataclass(slots=True)
class TrainingState:
    """How far a training has come: the part of its state that is in no tensor of the learner or the optimiser.

    Args:
        names: of the losses.
        losses: one row for each step, in the order of the names.
        firsts: the step with which each epoch began.
        epoch, position: of the next step; its epoch, and its place in the epoch's plan.
        seconds: that were spent.
    """

    names: tuple[str, ...] = ("loss",)
    losses: list[tuple[float, ...]] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def begin_epoch(self) -> None:
        """Note that the next step is in an epoch, perhaps in its middle."""
        if not self.position:
            self.firsts.append(self.step)

    def end_epoch(self) -> None:
        """Note that the next step is the first of the next epoch."""
        self.epoch, self.position = self.epoch + 1, 0

    def record(self, losses: Mapping[str, float]) -> None:
        """Note the losses of a step that was taken."""
        if not self.losses:
            self.names = tuple(losses)
        self.losses.append(tuple(losses[name] for name in self.names))
        self.position += 1

    def history(self) -> History:
        """The losses so far."""
        table = np.asarray(self.losses, np.float32).reshape(self.step, len(self.names))
        return History(dict(zip(self.names, table.T, strict=True)), np.asarray(self.firsts, np.int64), self.seconds)
