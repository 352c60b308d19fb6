"""What LBR-SPR takes from observations, and how it lies for the networks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from oddframe.models.source import ObservationSource
from oddframe.types import Field, IntArray, Spec

_SAMPLE = 2048
_LEAST_FLOW = 1e-3  # pixels a frame: where nothing ever moves there is no scale to be found


def misfit(spec: Spec, poolings: int, *, motion: bool) -> str | None:
    """Why observations of this spec cannot be taken; None where they can."""
    cubes, flow = spec.fields.get("appearance"), spec.fields.get("motion")
    if cubes is None or cubes.dtype != torch.uint8 or not _square(cubes, 2**poolings) or cubes.shape[1] not in (1, 3):
        return f"it takes cubes, appearance, uint8 (T, 1 or 3, S, S) with S a multiple of {2**poolings}"
    if not motion:
        return None
    wanted = (cubes.shape[0], 2, *cubes.shape[2:])
    if flow is None or not flow.dtype.is_floating_point or flow.shape != wanted:
        return f"with motion=True it takes flow too, motion, floating point {wanted}"
    return None


def stacked(data: Mapping[str, Tensor], *, motion: bool) -> tuple[Tensor, ...]:
    """Of entries (N, T, C, S, S) their frames side by side: cubes (N, T C, S, S), and flow (N, 2 T, S, S) if wanted."""
    names = ("appearance", "motion") if motion else ("appearance",)
    return tuple(data[name].flatten(1, 2) for name in names)


def flow_scale(data: ObservationSource, rows: IntArray, seed: int) -> float:
    """The root mean square of flow among these observations, or 2048 of them: pixels a frame, above 0."""
    drawn = np.random.default_rng(seed).permutation(rows)[:_SAMPLE]
    parts = np.array_split(np.sort(drawn), max(1, len(drawn) // 256))
    squares = [float(data.take(part)["motion"].double().square().mean()) * len(part) for part in parts]
    return max(_LEAST_FLOW, float(np.sqrt(np.sum(squares) / len(drawn))))


def _square(field: Field, multiple: int) -> bool:
    if len(field.shape) != 4:
        return False
    height, width = field.shape[2:]
    return height == width and height % multiple == 0 and min(field.shape) > 0
