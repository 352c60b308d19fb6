"""The model's contract: observations in, one score each out.

States of parts inside the state of a whole.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self

from torch import Tensor

from oddframe.errors import StoreError
from oddframe.models.source import ObservationSource
from oddframe.types import Configured, Json, Observations, Run, Scored, Spec, VideoInfo


class Regime(StrEnum):
    """What a model needs to know about its training videos."""

    ONE_CLASS = "one-class"  # that they are normal
    UNSUPERVISED = "unsupervised"  # nothing
    WEAK = "weak"  # one label a video


@dataclass(frozen=True, slots=True)
class ModelState:
    """Everything fitted: tensors by name, and small JSON values (names of videos, counts)."""

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    meta: Mapping[str, Json] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What all tensors take, in memory and on disk; names and JSON values come on top.

        >>> import torch
        >>> ModelState({"mean": torch.zeros(3, dtype=torch.float64), "codes": torch.zeros((2, 4))}).bytes
        56
        """
        return sum(tensor.nbytes for tensor in self.tensors.values())


class ScoringStream(ABC):
    """One video being scored. Holds whatever state belongs to the video; the model stays as it is.

    A row's score depends on the rows before it at most, never on how the rows were cut into pushes.
    """

    @abstractmethod
    def push(self, observations: Observations) -> Scored:
        """Take the next observations; give the rows that are scored by now, in order."""

    @abstractmethod
    def close(self) -> Scored:
        """No more observations: give the rest."""


class Model(Configured, ABC):
    """Holds normality, and says how far each observation is from it. Owns all that is fitted.

    `train` and `absorb` change the model and return it; scoring does not change it.
    """

    regime: ClassVar[Regime]
    ceiling: ClassVar[float] = math.inf
    """What no score is ever above, where there is such a thing (1 for a probability)."""

    @abstractmethod
    def check(self, spec: Spec) -> None:
        """Raise `SpecError` unless this model can take such observations."""

    @abstractmethod
    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        """Do what needs optimisation or statistics over all data (standardisation too); forgets earlier training."""

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        """Add what is a mergeable sum over data (an index). Nothing, for models without one."""
        return self

    @abstractmethod
    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        """Start to score a video. Raises `NotFitted` before `train`."""

    @abstractmethod
    def state(self) -> ModelState:
        """All that was fitted; with `settings()` enough to rebuild the model exactly."""

    @abstractmethod
    def restore(self, state: ModelState) -> Self:
        """Become the model whose state this is. Raises `StoreError` where the state does not fit the settings."""


def nest(**parts: ModelState) -> ModelState:
    """One state out of several: tensors under "part.name", JSON values under "part".

    >>> import torch
    >>> whole = nest(net=ModelState({"weight": torch.zeros(1)}, {"rank": 1}))
    >>> list(whole.tensors), dict(whole.meta)
    (['net.weight'], {'net': {'rank': 1}})
    """
    tensors = {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.tensors.items()}
    return ModelState(tensors, {part: dict(state.meta) for part, state in parts.items()})


def inner(state: ModelState, part: str) -> ModelState:
    """The state of one part again. Raises `StoreError` if there is none."""
    meta = state.meta.get(part)
    if not isinstance(meta, dict):
        raise StoreError(f"the saved state lacks its part {part}; it belongs to another model, or is damaged")
    tensors = {n.removeprefix(f"{part}."): t for n, t in state.tensors.items() if n.startswith(f"{part}.")}
    return ModelState(tensors, meta)
