"""Self-paced refinement: badly reconstructed cubes get less and less weight, or none (paper LBR-SPR, "SPR").

Thresholds follow a batch's errors e, of mean mu and standard deviation sigma. In refined step t, from 0,

    lower = mu + sigma,    upper = max(lower, mu + (4 - t * shrink) * sigma).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.training.learner import History
from oddframe.types import FloatArray, IntArray

Mode: TypeAlias = Literal["none", "mixture", "hard", "linear", "huber"]

START = 4.0
"""Deviations above the mean at which the upper threshold starts."""

_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The two thresholds of a batch: scalar tensors, `lower` <= `upper`."""

    lower: Tensor
    upper: Tensor


def thresholds(errors: Tensor, step: int, shrink: float) -> Thresholds:
    """The thresholds of a whole batch.

    Args:
        errors: (B,) e, >= 0.
        step: t, refined steps before this one.
        shrink: deviations by which the upper threshold falls in a step, >= 0.

    >>> found = thresholds(torch.tensor([1.0, 2.0, 3.0]), step=100, shrink=0.01)
    >>> found.lower, found.upper
    (tensor(3.), tensor(5.))
    """
    mean = errors.mean()
    deviation = errors.std() if len(errors) > 1 else torch.zeros_like(mean)
    lower = mean + deviation
    return Thresholds(lower, torch.maximum(mean + (START - step * shrink) * deviation, lower))


def weights(errors: Tensor, found: Thresholds, mode: Mode) -> Tensor:
    """What each observation counts for, within 0 .. 1, never more for a larger error.

    - "mixture": 1 up to lower, 0 from upper on, between them lower (upper - e) / (e (upper - lower));
    - "hard": 1 below upper, else 0;
    - "linear": 1 - e / upper below upper, else 0;
    - "huber": 1 up to upper, else upper / e;
    - "none": 1.

    Args:
        errors: (B,) e, >= 0.
        found: thresholds of the whole batch that these errors are part of.
        mode: one of the above.

    >>> weights(torch.tensor([1.0, 2.0, 3.0, 5.0]), Thresholds(torch.tensor(2.0), torch.tensor(4.0)), "mixture")
    tensor([1.0000, 1.0000, 0.3333, 0.0000])
    """
    lower, upper = found.lower, found.upper
    ones, positive = torch.ones_like(errors), errors.clamp_min(_TINY)
    if mode == "none":
        return ones
    if mode == "huber":
        return torch.where(errors <= upper, ones, upper / positive)
    if mode == "hard":
        return (errors < upper).to(errors.dtype)
    if mode == "linear":
        return torch.where(errors < upper, 1 - errors / upper.clamp_min(_TINY), 0.0)
    between = (lower / positive) * ((upper - errors) / (upper - lower).clamp_min(_TINY))
    return torch.where(errors <= lower, ones, between.clamp(0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """What refinement did in one network's training: which cubes it left out, and when.

    Args:
        rows: (N,) the numbers, within the source, of the cubes that the network was trained on.
        weights: float16 (epochs, N) each cube's weight in each epoch, 0 .. 1; NaN where it was in no batch. Without
            refinement there are no epochs.
        history: losses, and what refinement recorded: `weight`, `dropped`, `lower`, `upper`.
    """

    rows: IntArray
    weights: npt.NDArray[np.float16]
    history: History

    @property
    def dropped(self) -> IntArray:
        """(epochs,) how many cubes had weight 0."""
        counts: IntArray = (self.weights == 0).sum(axis=1).astype(np.int64)
        return counts

    @property
    def last(self) -> FloatArray:
        """(N,) float32 weights of the last epoch; 1 without refinement."""
        if not len(self.weights):
            return np.ones(len(self.rows), np.float32)
        last: FloatArray = self.weights[-1].astype(np.float32)
        return last
