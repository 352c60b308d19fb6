"""Training LBR-SPR: the weighted losses of a batch of cubes, and how observations become the networks' inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from oddframe.models.lbr_spr.network import LBRNet
from oddframe.models.lbr_spr.refinement import Mode, Thresholds, thresholds, weights
from oddframe.models.source import ObservationSource
from oddframe.training.devices import gathered
from oddframe.training.learner import Learner
from oddframe.types import Field, IntArray, Spec

_SAMPLE = 2048  # observations that the scale of the flow is measured on
_LEAST_FLOW = 1e-3  # pixels a frame: where nothing ever moves there is no scale to be found


@dataclass(frozen=True, slots=True)
class RefinementPlan:
    """How refinement proceeds over one training.

    Args:
        mode: see `weights`.
        shrink: see `thresholds`.
        warm_up: epochs without refinement.
        epochs, steps: of the training, and of each epoch.
    """

    mode: Mode
    shrink: float
    warm_up: int
    epochs: int
    steps: int


class LBRLearner(Learner):
    """The losses of a batch of cubes, each with the weight that refinement gives it.

    Weights follow the errors of appearance that the network makes in eval mode, just before the step: in training mode
    an anomalous cube would change the batch normalisation of all the others.

    Args:
        net: the network to train.
        course: of the refinement.
        rows: how many cubes there are; a batch holds their numbers.
    """

    step: Tensor
    weights: Tensor

    def __init__(self, net: LBRNet, course: RefinementPlan, rows: int) -> None:
        super().__init__()
        self.net, self.course = net, course
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        refined = course.epochs if course.mode != "none" else 0
        self.register_buffer("weights", torch.full((refined, rows), math.nan, dtype=torch.float16))
        self._given: tuple[Tensor, Tensor] | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """The weighted losses of a batch of cubes.

        Args:
            batch: numbers of the cubes (B,), uint8 cubes (B, T C, S, S), and with motion their flow (B, 2 T, S, S).

        Returns:
            `loss`, each part's loss, and what refinement does: `weight`, the mean weight, `dropped`, the share of
            weights of 0, and the thresholds `lower` and `upper`, which are NaN before they are used.
        """
        numbers, cubes, *flow = batch
        weight, noted = self._refined(cubes)  # (B,)
        self._given = numbers, weight
        parts = {name: (weight * error).mean() for name, error in self.net(cubes, *flow).items()}
        return {"loss": torch.stack(list(parts.values())).sum(), **parts, **noted}

    @torch.no_grad()
    def after_step(self) -> None:
        """Record the weights of the whole batch, whichever process had its rows."""
        if self._given is not None and len(self.weights):
            numbers, weight = map(gathered, self._given)
            self.weights[int(self.step) // self.course.steps, numbers] = weight.to(self.weights.dtype)
        self._given = None
        self.step.add_(1)

    @torch.no_grad()
    def _refined(self, cubes: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(B,) weights, and what is to be noted of them."""
        weight = torch.ones(len(cubes), device=cubes.device)
        if self.course.mode == "none":
            return weight, {}
        unknown = weight.new_tensor(math.nan)
        found = Thresholds(unknown, unknown)
        past = int(self.step) - self.course.warm_up * self.course.steps
        if past >= 0:
            errors = self._settled(cubes)  # (B,)
            found = thresholds(gathered(errors), past, self.course.shrink)
            weight = weights(errors, found, self.course.mode)
        dropped = (weight == 0).float().mean()
        return weight, {"weight": weight.mean(), "dropped": dropped, "lower": found.lower, "upper": found.upper}

    def _settled(self, cubes: Tensor) -> Tensor:
        """(B,) errors of appearance in eval mode; the network is left in the mode that it was in."""
        training, kind = self.net.training, cubes.device.type
        self.net.eval()
        # Until pytorch #165068 (end of 2025) casts of weights kept from here leave the next pass without gradients.
        with torch.autocast(
            kind, dtype=torch.get_autocast_dtype(kind), enabled=torch.is_autocast_enabled(kind), cache_enabled=False
        ):
            errors = self.net.appearance_error(cubes)
        self.net.train(training)
        return errors


def misfit(spec: Spec, poolings: int, *, motion: bool) -> str | None:
    """Why the model cannot take observations of this spec; None where it can.

    Args:
        spec: of the observations.
        poolings: how often the network halves a cube.
        motion: whether flow is needed.
    """
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
    """The networks' inputs: all frames of an entry beside each other, as channels.

    Args:
        data: entries "appearance" and "motion", (N, T, C, S, S).
        motion: whether to give the flow too.

    Returns:
        Cubes (N, T C, S, S), and with motion flow (N, 2 T, S, S).
    """
    names = ("appearance", "motion") if motion else ("appearance",)
    return tuple(data[name].flatten(1, 2) for name in names)


def flow_scale(data: ObservationSource, rows: IntArray, seed: int) -> float:
    """The root mean square of the flow, pixels per frame, above 0.

    Args:
        data: the training data.
        rows: (N,) numbers of the observations to measure; of more than 2048, so many are drawn.
        seed: of the draw.
    """
    drawn = np.random.default_rng(seed).permutation(rows)[:_SAMPLE]
    parts = np.array_split(np.sort(drawn), max(1, len(drawn) // 256))
    squares = [float(data.take(part)["motion"].double().square().mean()) * len(part) for part in parts]
    return max(_LEAST_FLOW, float(np.sqrt(np.sum(squares) / len(drawn))))


def _square(field: Field, multiple: int) -> bool:
    if len(field.shape) != 4:
        return False
    height, width = field.shape[2:]
    return height == width and height % multiple == 0 and min(field.shape) > 0
