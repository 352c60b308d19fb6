"""Checkpoints: a training on disk, as one file of tensors with a JSON header, replaced as a whole; it holds no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from oddframe.errors import FitError, NewerFormat, StoreError
from oddframe.files import replace_durably, storing
from oddframe.training.batches import Batches
from oddframe.training.learner import Learner, TrainingState
from oddframe.training.optimisation import Optimisation

FORMAT = 1

FILE = "training.safetensors"

_KEY = "oddframe.training"

_REMEDY = "free some space or choose another folder for checkpoints"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoints:
    """The checkpoint of one training in one folder.

    Args:
        folder: where it lies; made if need be.
        identity: of the training (see `identity_of`).
    """

    folder: Path
    identity: Mapping[str, str]

    def save(self, course: TrainingState, learner: Learner, optimiser: torch.optim.Optimizer) -> None:
        """Replace the checkpoint by one of the current state.

        Args:
            course: how far the training has come.
            learner: whose parameters and buffers are saved.
            optimiser: whose state is saved.

        Raises:
            FitError: a parameter is not finite; the last checkpoint stays.
            StoreError: the folder cannot be written.
        """
        if not all(bool(torch.isfinite(parameter).all()) for parameter in learner.parameters()):
            raise FitError(f"a parameter is no number after step {course.step}; lower the learning rate, or clip")
        document = {"format": FORMAT, "identity": dict(self.identity), "course": {**asdict(course), "losses": None}}
        tensors = {f"learner.{name}": tensor for name, tensor in learner.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in _flat(optimiser).items()}
        tensors["losses"] = torch.tensor(course.losses, dtype=torch.float64).reshape(course.step, len(course.names))
        held = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        with storing(self.folder, _REMEDY):
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_durably(self.folder / FILE, save(held, {_KEY: json.dumps(document)}))

    def restore(self, learner: Learner, optimiser: torch.optim.Optimizer) -> TrainingState:
        """Bring learner and optimiser to the state of the checkpoint.

        Args:
            learner: whose parameters and buffers are loaded.
            optimiser: whose state is loaded.

        Returns:
            How far the training had come; a fresh course where there is no checkpoint.

        Raises:
            StoreError: it is another training's, or cannot be read.
            NewerFormat: a newer version of oddframe wrote it.
        """
        with storing(self.folder, _REMEDY):
            self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / FILE).exists():
            return TrainingState()
        document, tensors = self._read()
        self._check(document)
        learner.load_state_dict(_below("learner.", tensors))
        _restore_optimiser(optimiser, _below("optimiser.", tensors))
        told = document["course"]
        losses = [tuple(row) for row in tensors["losses"].tolist()]
        return TrainingState(**{**told, "names": tuple(told["names"]), "losses": losses})

    def _read(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        try:
            with safe_open(self.folder / FILE, framework="pt") as file:
                document = json.loads((file.metadata() or {})[_KEY])
                return document, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            raise StoreError(
                f"{self.folder / FILE}: cannot be read as a checkpoint ({error}); delete it to begin anew"
            ) from error

    def _check(self, document: Mapping[str, Any]) -> None:
        if document["format"] > FORMAT:
            raise NewerFormat(f"{self.folder / FILE}: written by a newer version of oddframe; install that version")
        known = document["identity"]
        if other := [name for name, digest in self.identity.items() if known.get(name) != digest]:
            raise StoreError(
                f"{self.folder}: holds the checkpoint of another training (other {', '.join(other)}); "
                "name another folder, or delete it to begin anew"
            )


def _flat(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser keeps of each parameter, "number.name" -> tensor."""
    kept = optimiser.state_dict()["state"]
    return {f"{i}.{name}": held for i, of in kept.items() for name, held in of.items() if isinstance(held, Tensor)}


def _restore_optimiser(optimiser: torch.optim.Optimizer, flat: Mapping[str, Tensor]) -> None:
    kept: dict[int, dict[str, Tensor]] = {}
    for key, held in flat.items():
        number, _, name = key.partition(".")
        kept.setdefault(int(number), {})[name] = held
    optimiser.load_state_dict({**optimiser.state_dict(), "state": kept})


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): held for name, held in tensors.items() if name.startswith(prefix)}


class Keeper:
    """Saves the checkpoints of a running training.

    Args:
        checkpoints: None = this process saves none.
        learner, optimiser: whose state is saved.
        every: seconds between two checkpoints.
    """

    def __init__(
        self, checkpoints: Checkpoints | None, learner: Learner, optimiser: torch.optim.Optimizer, every: float
    ) -> None:
        self._checkpoints, self._learner, self._optimiser, self._every = checkpoints, learner, optimiser, every
        self._last = monotonic()

    def save_if_due(self, course: TrainingState) -> None:
        """Save where the last checkpoint is old enough."""
        if monotonic() - self._last >= self._every:
            self.save(course)

    def save(self, course: TrainingState) -> None:
        """Save now."""
        if self._checkpoints is not None:
            self._checkpoints.save(course, self._learner, self._optimiser)
            self._last = monotonic()


def identity_of(learner: Learner, batches: Batches, optimisation: Optimisation, seed: int) -> dict[str, str]:
    """What a training is: the digest of each thing that its result depends on, by its name in an error message.

    Two trainings of one identity give the same result. Of the data, the first batch stands for all: the rest is named
    by row numbers.

    Args:
        learner: untrained.
        batches: rows and their tensors.
        optimisation: the optimiser and its settings.
        seed: of the training.
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
