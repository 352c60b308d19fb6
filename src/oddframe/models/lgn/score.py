"""How odd a frame is: how badly it was predicted, and how far its queries are from the memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from oddframe.models.lgn.sizes import Branches
from oddframe.types import FloatArray

LEAST_ERROR = 1e-10
"""Mean squared errors below count as this, 100 dB: a perfect prediction has no finite PSNR."""

_LEAST_DEVIATION = 1e-6


def psnr(error: Tensor) -> Tensor:
    """(N, C, S, S) squared errors of pixels in 0 .. 1 -> (N,) peak signal-to-noise ratio, dB; higher = less odd.

    >>> float(psnr(torch.full((1, 1, 2, 2), 0.01)))
    20.0
    """
    return -10 * torch.log10(error.flatten(1).mean(dim=1).clamp_min(LEAST_ERROR))


def gate(error: Tensor) -> Tensor:
    """(N, C, S, S) squared errors e of pixels in 0 .. 1 -> (N,) g, which decides whether a test frame is remembered.

    g = sum (1 - exp(-e)) e / sum (1 - exp(-e)): the mean error, large errors counting more (paper, "test phase").

    >>> round(float(gate(torch.tensor([[[[0.0, 0.5]]]]))), 3)
    0.5
    """
    flat = error.flatten(1)  # (N, C S S)
    weight = -torch.expm1(-flat)  # (N, C S S)
    return (weight * flat).sum(dim=1) / weight.sum(dim=1).clamp_min(torch.finfo(flat.dtype).tiny)


def weights(branches: Branches, psnr_weight: float) -> Mapping[str, float]:
    """What each part counts for in the score; below 0 where a high value is normal.

    Without the global branch there are no queries, so PSNR is all there is.

    >>> dict(weights("both", 0.75))
    {'psnr': -0.75, 'distance': 0.25}
    """
    if branches == "local":
        return MappingProxyType({"psnr": -1.0})
    return MappingProxyType({"psnr": -psnr_weight, "distance": 1 - psnr_weight})


@dataclass(frozen=True, slots=True)
class Standard:
    """What parts are like in normal video: name -> mean and standard deviation.

    Raises:
        ValueError: a value that is not finite, or a deviation that is not above 0.
    """

    mean: Mapping[str, float]
    deviation: Mapping[str, float]

    def __post_init__(self) -> None:
        fine = all(map(math.isfinite, [*self.mean.values(), *self.deviation.values()]))
        if self.mean.keys() != self.deviation.keys() or not fine or min(self.deviation.values(), default=1.0) <= 0:
            raise ValueError(f"means and deviations that do not fit: {self.mean}, {self.deviation}")

    @classmethod
    def of(cls, parts: Mapping[str, FloatArray]) -> Standard:
        """Of the parts of normal frames, each (N,)."""
        mean = {name: float(part.mean(dtype=np.float64)) for name, part in parts.items()}
        deviation = {name: max(float(part.std(dtype=np.float64)), _LEAST_DEVIATION) for name, part in parts.items()}
        return cls(mean, deviation)

    def fused(self, parts: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
        """(N,) the sum over the parts of weight * (part - mean) / deviation.

        >>> standard = Standard({"psnr": 30.0}, {"psnr": 2.0})
        >>> standard.fused({"psnr": np.array([26, 28], np.float32)}, {"psnr": -1.0})
        array([2., 1.], dtype=float32)
        """
        terms = [w * ((parts[n].astype(np.float64) - self.mean[n]) / self.deviation[n]) for n, w in weights.items()]
        fused: FloatArray = np.sum(terms, axis=0).astype(np.float32)
        return fused
