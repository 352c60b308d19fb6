"""Scoring with LBR-SPR: how badly a cube is reconstructed, compared with training cubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import SpecError, StoreError
from oddframe.index.saving import stored_tensor
from oddframe.index.slots import slots
from oddframe.models.base import ScoringStream
from oddframe.models.lbr_spr.network import LBRNet, bands_of
from oddframe.models.lbr_spr.training import stacked
from oddframe.models.standardise import RunningMoments
from oddframe.types import FloatArray, FrozenMapping, Observations, Scored, Spec, VideoInfo

UNSEEN = 20.0
"""Each part of a cube in a band where training saw nothing to learn from; the paper's program has the same score."""

_LEAST = 1e-12


def fusion_weights(appearance: float, motion: float | None) -> Mapping[str, float]:
    """What each part counts for in the score; without motion, the score is the appearance alone.

    Args:
        appearance: weight of the appearance, where there is motion.
        motion: weight of the motion; None = there is none.

    >>> dict(fusion_weights(0.5, None)), dict(fusion_weights(0.5, 1.0))
    ({'appearance': 1.0}, {'appearance': 0.5, 'motion': 1.0})
    """
    return FrozenMapping({"appearance": 1.0} if motion is None else {"appearance": appearance, "motion": motion})


def fused(parts: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """(N,) float32: the weighted sum of parts.

    Args:
        parts: name -> (N,).
        weights: name -> what the part counts for.
    """
    total: FloatArray = np.sum([w * parts[n].astype(np.float64) for n, w in weights.items()], axis=0).astype(np.float32)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class ErrorStandard:
    """The usual errors in training data, one value for each part.

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
    def of(cls, moments: RunningMoments) -> ErrorStandard:
        """The standard of errors that were summed up, a column for each part."""
        return cls(moments.mean, moments.deviation().clamp_min(_LEAST))

    def deviations(self, errors: Tensor) -> FloatArray:
        """(N, parts) float32: (N, parts) float64 errors in deviations above the mean; higher = more anomalous.

        >>> ErrorStandard(torch.tensor([2.0]), torch.tensor([0.5])).deviations(torch.tensor([[3.0]]))
        array([[2.]], dtype=float32)
        """
        told: FloatArray = ((errors - self.mean) / self.deviation).float().numpy()
        return told

    def state(self) -> dict[str, Tensor]:
        """The tensors to save, by name."""
        return {"mean": self.mean.clone(), "deviation": self.deviation.clone()}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], parts: int) -> ErrorStandard:
        """The standard that `state` saved.

        Args:
            tensors: what was saved.
            parts: how many parts there are.

        Raises:
            StoreError: the tensors do not fit.
        """
        try:
            return cls(*(stored_tensor(tensors, name, torch.float64, parts) for name in ("mean", "deviation")))
        except ValueError as error:
            raise StoreError(f"the saved state is damaged: {error}; fit the detector again") from error


@dataclass(frozen=True, slots=True, eq=False)
class LBRScorer:
    """All that scoring needs: trained networks and how to use them.

    Args:
        nets: by band, in eval mode, on the device where they are to run.
        standards: by band.
        bands: of the picture.
        together: cubes that a network sees at once.
        weights: what each part counts for.
        spec: of the observations.
    """

    nets: Mapping[int, LBRNet]
    standards: Mapping[int, ErrorStandard]
    bands: int
    together: int
    weights: Mapping[str, float]
    spec: Spec


@torch.no_grad()
def errors_of(net: LBRNet, inputs: tuple[Tensor, ...], start: int, together: int) -> Tensor:
    """(N, parts) mean squared errors, float64.

    Batches have one fixed shape, so that no bit depends on how rows were grouped.

    Args:
        net: in eval mode.
        inputs: cubes (N, T C, S, S) and flow (N, 2 T, S, S).
        start: the number of the first row among those that the network sees of this video.
        together: rows in a batch.
    """
    count, device = len(inputs[0]), net.flow_scale.device
    found = torch.zeros((count, 2 if net.sizes.motion else 1), dtype=torch.float64)
    batch = [tensor.new_zeros((together, *tensor.shape[1:])) for tensor in inputs]
    for slot in slots(count, start, together):
        for held, tensor in zip(batch, inputs, strict=True):
            held[slot.places] = tensor[slot.rows]
        parts = net(*(held.to(device, memory_format=torch.channels_last) for held in batch))
        found[slot.rows] = torch.stack(list(parts.values()), dim=1)[slot.places].double().cpu()
    return found


class LBRStream(ScoringStream):
    """Scores cubes as they come.

    Args:
        video: the video that is scored.
        judge: networks and settings.
    """

    def __init__(self, video: VideoInfo, judge: LBRScorer) -> None:
        self._video, self._judge = video, judge
        self._seen = dict.fromkeys(judge.nets, 0)
        self._through = 0

    def push(self, observations: Observations) -> Scored:
        self._check(observations)
        judge, parts = self._judge, np.full((len(observations), len(self._judge.weights)), UNSEEN, np.float32)
        band = bands_of(observations.box, self._video.height, judge.bands)
        inputs = stacked(observations.data, motion="motion" in judge.weights)
        for number, net in judge.nets.items():
            here = np.flatnonzero(band == number)
            mine = tuple(tensor[torch.from_numpy(here)] for tensor in inputs)
            errors = errors_of(net, mine, self._seen[number], judge.together)
            parts[here] = judge.standards[number].deviations(errors)
            self._seen[number] += len(here)
        self._through = max(self._through, observations.through)
        return self._scored(observations.columns(), parts)

    def close(self) -> Scored:
        nothing = np.zeros((0, len(self._judge.weights)), np.float32)
        return self._scored(Observations.none(self._video.id, through=self._through), nothing)

    def _scored(self, columns: Observations, parts: FloatArray) -> Scored:
        named = dict(zip(self._judge.weights, parts.T, strict=True))
        return Scored(columns, fused(named, self._judge.weights), named)

    def _check(self, observations: Observations) -> None:
        """Whether there is what the model was trained on."""
        for name in self._judge.weights:
            field, tensor = self._judge.spec.fields[name], observations.data.get(name)
            if tensor is None or tensor.dtype != field.dtype or tuple(tensor.shape[1:]) != field.shape:
                found = "none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape[1:])}"
                raise SpecError(
                    f"{observations.video}: {name} should be {field.dtype} {field.shape}, there are {found}; use the "
                    "observer that the model was trained with"
                )
