"""One step: forward, backward, descent."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from oddframe.training.batches import Batches
from oddframe.training.learner import Learner
from oddframe.training.machine import Machine
from oddframe.training.optimisation import Optimisation
from oddframe.types import IntArray


class _Whole(nn.Module):
    """What accelerate wraps and marks, so that the learner itself stays as it was."""

    def __init__(self, learner: Any) -> None:
        super().__init__()
        self.learner = learner

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = self.learner(*batch)
        return losses


class Stepper:
    """Takes steps.

    Args:
        learner: on the machine's device.
        optimiser: of its parameters.
        optimisation: how.
        machine: where.
        compiled: whether `torch.compile` makes the forward and backward passes.
    """

    def __init__(
        self,
        learner: Learner,
        optimiser: torch.optim.Optimizer,
        optimisation: Optimisation,
        machine: Machine,
        compiled: bool,
    ) -> None:
        self._learner, self._optimisation, self._machine = learner, optimisation, machine
        whole = _Whole(torch.compile(learner) if compiled else learner)
        self._whole, self._optimiser = machine.accelerator.prepare(whole, optimiser)

    def losses(self, batches: Batches, rows: IntArray) -> tuple[Tensor, dict[str, float]]:
        """What to go back from, and the losses of the whole batch.

        The mean over the batch is the sum of the processes' means, each with the share of its rows. Gradients are
        averaged over the processes, hence the factor.
        """
        machine, own = self._machine, self._machine.own(rows)
        found = self._whole(*(machine.placed(tensor) for tensor in batches.load(own)))
        share = len(own) / len(rows)
        values = machine.total(torch.stack([value.detach().float() for value in found.values()]) * share)
        named = dict(zip(found, values.tolist(), strict=True))
        return found["loss"] * (share * machine.processes), named

    def descend(self, loss: Tensor, epoch: int) -> None:
        """Change the parameters, then what changes without a gradient."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._optimisation.rate(epoch)
        self._optimiser.zero_grad()
        self._machine.accelerator.backward(loss)
        if self._optimisation.clip is not None:
            self._machine.accelerator.clip_grad_norm_(self._learner.parameters(), self._optimisation.clip)
        self._optimiser.step()
        with torch.no_grad():
            self._learner.after_step()
