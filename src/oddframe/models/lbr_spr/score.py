"""How odd a cube is: how badly it was rebuilt, beside what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.stored import stored_tensor
from oddframe.models.moments import Moments
from oddframe.types import FloatArray

UNSEEN = 20.0
"""Each part of a cube in a band where training saw nothing to learn from; the paper's program has the same score."""

_LEAST = 1e-12


def fusion_weights(appearance: float, motion: float | None) -> Mapping[str, float]:
    """What each part counts for in the score; with appearance alone that is the score.

    >>> dict(fusion_weights(0.5, None)), dict(fusion_weights(0.5, 1.0))
    ({'appearance': 1.0}, {'appearance': 0.5, 'motion': 1.0})
    """
    return MappingProxyType({"appearance": 1.0} if motion is None else {"appearance": appearance, "motion": motion})


def fused(parts: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """(N,) the weighted sum of parts, each (N,)."""
    total: FloatArray = np.sum([w * parts[n].astype(np.float64) for n, w in weights.items()], axis=0).astype(np.float32)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What errors are usual in training data, one value a part.

    Args:
        mean, deviation: float64 (parts,), the deviations above 0.

    Raises:
        ValueError: a deviation that is not above 0.
    """

    mean: Tensor
    deviation: Tensor

    def __post_init__(self) -> None:
        if not bool((self.deviation > 0).all()):
            raise ValueError(f"deviations are above 0, not {self.deviation.tolist()}")

    @classmethod
    def of(cls, moments: Moments) -> Standard:
        """Of errors that were summed up, a column a part."""
        return cls(moments.mean, moments.deviation().clamp_min(_LEAST))

    def deviations(self, errors: Tensor) -> FloatArray:
        """(N, parts) float64 errors -> as many float32, in deviations above the mean; higher = more anomalous.

        >>> Standard(torch.tensor([2.0]), torch.tensor([0.5])).deviations(torch.tensor([[3.0]]))
        array([[2.]], dtype=float32)
        """
        told: FloatArray = ((errors - self.mean) / self.deviation).float().numpy()
        return told

    def state(self) -> dict[str, Tensor]:
        """Tensors to save."""
        return {"mean": self.mean.clone(), "deviation": self.deviation.clone()}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], parts: int) -> Standard:
        """From such tensors. Raises `StoreError` where they do not fit."""
        try:
            return cls(*(stored_tensor(tensors, name, torch.float64, parts) for name in ("mean", "deviation")))
        except ValueError as error:
            raise StoreError(f"the saved state is damaged: {error}; fit the detector again") from error
