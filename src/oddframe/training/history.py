"""What a training was like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oddframe.types import FloatArray, IntArray


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
        """(steps,) what was minimised."""
        return self.losses["loss"]
