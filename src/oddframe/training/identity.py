"""What a training is: two of one identity give the same result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oddframe.training.batches import Batches
from oddframe.training.learner import Learner
from oddframe.training.optimisation import Optimisation


def identity_of(learner: Learner, batches: Batches, optimisation: Optimisation, seed: int) -> dict[str, str]:
    """The digest of each thing that a result depends on, by its name in an error message.

    Of the data the first batch stands for all: the rest is named by row numbers.
    """
    plan = batches.epoch(0)
    return {
        "optimisation": _digest([asdict(optimisation), seed]),
        "network": _digest([[name, list(held.shape), str(held.dtype)] for name, held in _tensors(learner)]),
        "settings": _digest([_settings(module) for module in learner.modules()]),
        "batches": _digest([np.asarray(rows).tolist() for rows in plan]),
        "data": _digest([_content(tensor) for tensor in batches.load(plan[0])] if plan else []),
    }


def _tensors(learner: Learner) -> list[tuple[str, Tensor]]:
    return sorted(learner.state_dict().items())


def _settings(module: Any) -> list[Any]:
    """What a module was built with, as far as it keeps plain values; networks of one shape can differ in them."""
    plain = {
        name: repr(value)
        for name, value in vars(module).items()
        if name[0] != "_" and (value is None or isinstance(value, bool | int | float | str) or is_dataclass(value))
    }
    return [type(module).__qualname__, module.extra_repr(), plain]


def _content(tensor: Tensor) -> list[Any]:
    values = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    return [list(tensor.shape), str(tensor.dtype), hashlib.sha256(values.data).hexdigest()]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
