"""What refinement did in one training: which cubes it left out, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oddframe.training.history import History
from oddframe.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """One network's training.

    Args:
        rows: (N,) the numbers, within the source, of the cubes that it was trained on.
        weights: float16 (epochs, N) what each counted for in each epoch, 0 .. 1; NaN where it was in no batch. Without
            refinement there are no epochs.
        history: losses, and what refinement noted: `weight`, `dropped`, `lower`, `upper`.
    """

    rows: IntArray
    weights: npt.NDArray[np.float16]
    history: History

    @property
    def dropped(self) -> IntArray:
        """(epochs,) how many cubes counted for nothing."""
        counts: IntArray = (self.weights == 0).sum(axis=1).astype(np.int64)
        return counts

    @property
    def last(self) -> FloatArray:
        """(N,) float32 weights of the last epoch; 1 without refinement."""
        if not len(self.weights):
            return np.ones(len(self.rows), np.float32)
        last: FloatArray = self.weights[-1].astype(np.float32)
        return last
