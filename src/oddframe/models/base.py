"""The model's contract: observations in, one score each out; and what a fitted model consists of."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self, TypeVar

import torch
from torch import Tensor, nn

from oddframe.errors import StoreError
from oddframe.index.saving import stored_tensor
from oddframe.models.source import ObservationSource
from oddframe.types import Configured, Json, Observations, Run, Scored, Spec, VideoInfo


class Regime(StrEnum):
    """What a model needs to know about its training videos."""

    ONE_CLASS = "one-class"  # that they are normal
    UNSUPERVISED = "unsupervised"  # nothing
    WEAK = "weak"  # one label a video


@dataclass(frozen=True, slots=True)
class ModelState:
    """Everything that was fitted.

    Args:
        tensors: by name.
        meta: small JSON values by name: names of videos, counts.
    """

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    meta: Mapping[str, Json] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """The size of all tensors in bytes, in memory and on disk; names and JSON values come on top.

        >>> import torch
        >>> ModelState({"mean": torch.zeros(3, dtype=torch.float64), "codes": torch.zeros((2, 4))}).bytes
        56
        """
        return sum(tensor.nbytes for tensor in self.tensors.values())


class ScoringStream(ABC):
    """One video being scored. It holds the state that belongs to the video; the model stays unchanged.

    A row's score depends on the rows before it at most, never on how the rows were cut into pushes.
    """

    @abstractmethod
    def push(self, observations: Observations) -> Scored:
        """Take the next observations.

        Args:
            observations: with data, of the stream's video, in frame order.

        Returns:
            The rows that can be scored by now, in order: these, earlier ones, or none.

        Raises:
            SpecError: they are not of the kind that the model was trained on.
            DataError: a value is not finite.
        """

    @abstractmethod
    def close(self) -> Scored:
        """End the video.

        Returns:
            The rows that were not scored yet, in order.
        """


class Model(Configured, ABC):
    """A model of normality: it says how far each observation is from normal, and owns all that is fitted.

    `train` and `absorb` change the model and return it; scoring does not change it.
    """

    regime: ClassVar[Regime]
    ceiling: ClassVar[float] = math.inf
    """What no score is ever above, where there is such a thing (1 for a probability)."""

    @abstractmethod
    def check(self, spec: Spec) -> None:
        """Raise `SpecError` unless this model can take observations of this spec."""

    @abstractmethod
    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        """Fit what needs optimisation or statistics over all data, standardisation included; replaces earlier training.

        Args:
            data: the training videos' observations.
            run: where to compute, and whom to tell of the progress.

        Raises:
            SpecError: the model cannot take such observations.
            FitError: there are too few observations, or training failed.
            DataError: a value is not finite.
            Interrupted: training was stopped before its end.
        """

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        """Add what is a mergeable sum over data, such as an index; does nothing for models without one.

        Args:
            data: observations of normal video, of the kind that the model was trained on.
            run: where to compute, and whom to tell of the progress.

        Raises:
            NotFitted: before `train`.
            SpecError: they are not of the kind that the model was trained on.
            DataError: a value is not finite.
        """
        return self

    @abstractmethod
    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        """Start to score a video.

        Args:
            video: its description.
            run: where to compute.

        Returns:
            A stream that takes the video's observations.

        Raises:
            NotFitted: before `train`.
        """

    @abstractmethod
    def state(self) -> ModelState:
        """All that was fitted; together with `settings()` it is enough to rebuild the model exactly.

        Raises:
            NotFitted: before `train`.
        """

    @abstractmethod
    def restore(self, state: ModelState) -> Self:
        """Become the model whose state this is.

        Raises:
            StoreError: the state does not fit the settings.
        """


def nest(**parts: ModelState) -> ModelState:
    """One state made of several: tensors under "part.name", JSON values under "part".

    >>> import torch
    >>> whole = nest(net=ModelState({"weight": torch.zeros(1)}, {"rank": 1}))
    >>> list(whole.tensors), dict(whole.meta)
    (['net.weight'], {'net': {'rank': 1}})
    """
    tensors = {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.tensors.items()}
    return ModelState(tensors, {part: dict(state.meta) for part, state in parts.items()})


def inner(state: ModelState, part: str) -> ModelState:
    """The state of one part, taken out of a nested state again.

    Args:
        state: what `nest` made.
        part: the part's name.

    Raises:
        StoreError: there is no such part.
    """
    meta = state.meta.get(part)
    if not isinstance(meta, dict):
        raise StoreError(f"the saved state lacks its part {part}; it belongs to another model, or is damaged")
    tensors = {n.removeprefix(f"{part}."): t for n, t in state.tensors.items() if n.startswith(f"{part}.")}
    return ModelState(tensors, meta)


N = TypeVar("N", bound=nn.Module)


def restored_network(make: Callable[[], N], tensors: Mapping[str, Tensor]) -> N:
    """A network with saved weights, in eval mode.

    Shapes are compared before there is memory for them: settings may ask for more than any machine has.

    Args:
        make: makes the network.
        tensors: its saved state.

    Raises:
        StoreError: a tensor is missing, or has another shape.
    """
    with torch.device("meta"):
        wanted = make().state_dict()
    found = {name: stored_tensor(tensors, name, tensor.dtype, *tensor.shape) for name, tensor in wanted.items()}
    network = make()
    network.load_state_dict(found)
    return network.eval()
