"""One video being scored by LBR-SPR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import SpecError
from oddframe.index.slots import slots
from oddframe.models.base import ScoringStream
from oddframe.models.lbr_spr.bands import bands_of
from oddframe.models.lbr_spr.inputs import stacked
from oddframe.models.lbr_spr.network import LBRNet
from oddframe.models.lbr_spr.score import UNSEEN, Standard, fused
from oddframe.types import FloatArray, Observations, Scored, Spec, VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """All that scoring needs: trained networks and how to use them.

    Args:
        nets: by band, in eval mode, where they are to run.
        standards: as many.
        bands: of the picture.
        together: cubes that a network sees at once.
        weights: what each part counts for.
        spec: of the observations.
    """

    nets: Mapping[int, LBRNet]
    standards: Mapping[int, Standard]
    bands: int
    together: int
    weights: Mapping[str, float]
    spec: Spec


@torch.no_grad()
def errors_of(net: LBRNet, inputs: tuple[Tensor, ...], start: int, together: int) -> Tensor:
    """Mean squared errors, float64 (N, parts).

    Batches have one fixed shape, so that no bit depends on how rows came together.

    Args:
        net: in eval mode.
        inputs: cubes (N, T C, S, S) and flow (N, 2 T, S, S).
        start: the number of the first row among those that the network ever sees of this video.
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
        video: whose they are.
        judge: networks and settings.
    """

    def __init__(self, video: VideoInfo, judge: Judge) -> None:
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
