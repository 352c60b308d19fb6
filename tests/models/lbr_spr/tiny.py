"""The smallest networks that have all parts, and what to try them on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oddframe.models.lbr_spr import LBRSPR
from oddframe.models.lbr_spr.network import LBRNet, LBRNetSizes
from oddframe.models.lbr_spr.refinement import Mode
from oddframe.models.lbr_spr.training import LBRLearner, RefinementPlan
from oddframe.types import Field, Spec

CUBES = Spec({"appearance": Field((5, 3, 4, 4), torch.uint8)})
CUBES_AND_FLOW = Spec({**CUBES.fields, "motion": Field((5, 2, 4, 4), torch.float16)})


def tiny_lbr(**settings: Any) -> LBRSPR:
    """Trains in a blink."""
    quick = {"width": 8, "poolings": 1, "epochs": 4, "warm_up": 2, "batch": 80, "learning_rate": 1e-2, "shrink": 0.1}
    return LBRSPR(**{**quick, **settings})


def tiny_net(*, motion: bool = False, seed: int = 0) -> LBRNet:
    """Two frames in colour, 8 x 8."""
    return LBRNet(LBRNetSizes(frames=2, channels=3, width=4, poolings=2, motion=motion), 1.0, seed)


def tiny_learner(
    mode: Mode = "mixture", *, motion: bool = False, warm_up: int = 0, epochs: int = 2, steps: int = 1, rows: int = 12
) -> LBRLearner:
    """Of such a net."""
    return LBRLearner(tiny_net(motion=motion), RefinementPlan(mode, 0.5, warm_up, epochs, steps), rows).train()


def batch(rows: int, seed: int = 0, *, motion: bool = False) -> tuple[Tensor, ...]:
    """Numbers, cubes and flow for such a net; the last cube is by far the brightest, and worst for an untrained net."""
    random = torch.Generator().manual_seed(seed)
    grey = torch.randint(100, 140, (rows, 1, 1, 1), generator=random).expand(rows, 6, 8, 8).clone().to(torch.uint8)
    grey[-1] = torch.randint(230, 256, (6, 8, 8), generator=random, dtype=torch.uint8)
    flow = torch.randn((rows, 4, 8, 8), generator=random).half()
    return (torch.arange(rows), grey, flow) if motion else (torch.arange(rows), grey)
