"""What the training loop trains."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Learner(nn.Module, ABC):
    """A module whose forward gives the losses of one batch.

    All that training changes is in parameters and buffers, so that a checkpoint holds all of it: a queue, a memory or
    a count of steps is a buffer, changed in place; a key encoder is a submodule without gradients.
    """

    @abstractmethod
    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """Scalars by name, the same names at each step: `loss` is minimised, the others are recorded.

        Each is a mean over the batch's rows. Called in training mode, and under autocast where the run asks for it.
        """

    def after_step(self) -> None:
        """What changes without a gradient (memory items, key encoder, queue). Called after every optimiser step.

        Must end up the same in all processes: look at `gathered` rows.
        """
