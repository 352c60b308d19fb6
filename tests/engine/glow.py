"""A model of pixels that is easy to reason about: whatever is brighter or darker than usual, where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import ClassVar, Self

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from oddframe.errors import NotFitted, SpecError
from oddframe.models.base import Model, ModelState, Regime, ScoringStream
from oddframe.models.source import ObservationSource
from oddframe.observers.sequence import Sequence
from oddframe.types import ImageArray, Observations, Run, Scored, Spec, VideoInfo
from oddframe.video import ArrayVideo

WIDTH, HEIGHT = 96, 64
GRID = 16
OBSERVER = Sequence(size=64, grey=True, length=2)
Box = tuple[int, int, int, int]


class Glow(Model):
    """Maps how far each part of a frame is from its mean, and scores by two parts, fused: `difference` and `likeness`.

    Args:
        carry: what each frame with something bright adds to the differences of later videos, where it is carried on.
    """

    name: ClassVar[str] = "glow"
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(self, carry: float = 0.0) -> None:
        self.carry = carry
        self.mean: Tensor | None = None

    @property
    def fusion(self) -> Mapping[str, float]:
        return {"difference": 0.75, "likeness": -0.25}

    def check(self, spec: Spec) -> None:
        if "frames" not in spec.fields:
            raise SpecError("glow needs frames")

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self.mean = data.take(np.arange(len(data)))["frames"][:, -1, 0].float().mean(dim=0)  # (S, S)
        return self

    def open(self, video: VideoInfo, run: Run = Run()) -> GlowStream:
        return self.open_after(video, None, run)

    def open_after(self, video: VideoInfo, previous: ScoringStream | None, run: Run = Run()) -> GlowStream:
        if self.mean is None:
            raise NotFitted("glow is not fitted")
        left = previous.left + self.carry * previous.bright if isinstance(previous, GlowStream) else 0.0
        return GlowStream(self.mean, video, left)

    def state(self) -> ModelState:
        if self.mean is None:
            raise NotFitted("glow is not fitted")
        return ModelState({"mean": self.mean})

    def restore(self, state: ModelState) -> Self:
        self.mean = state.tensors["mean"]
        return self


class GlowStream(ScoringStream):
    """Scores row by row; `left` is what earlier videos left behind, `bright` counts frames with something bright."""

    def __init__(self, mean: Tensor, video: VideoInfo, left: float) -> None:
        self._mean, self._video, self.left, self.bright = mean, video, left, 0

    def push(self, observations: Observations) -> Scored:
        last = observations.data["frames"][:, -1, 0].float()  # (N, S, S)
        maps = torch.nn.functional.adaptive_avg_pool2d((last - self._mean).abs() / 255, GRID).numpy()
        self.bright += int((maps.max(axis=(1, 2), initial=0) > 0.3).sum())
        difference = maps.max(axis=(1, 2), initial=0) + np.float32(self.left)
        likeness = -10 * maps.mean(axis=(1, 2)) if len(maps) else difference
        return Scored(observations.columns(), difference, {"difference": difference, "likeness": likeness}, maps)

    def close(self) -> Scored:
        none = Observations.none(self._video.id)
        return self.push(replace(none, data={"frames": torch.zeros((0, 2, 1, *self._mean.shape))}))


def in_catalog(patch: pytest.MonkeyPatch) -> None:
    """Make it known by name, as another package would."""
    point = EntryPoint("glow", f"{__name__}:Glow", "oddframe.models")
    patch.setattr("oddframe.catalog.tables.entry_points", lambda group: [point] if group == point.group else [])


def scene(frames: int, seed: int, squares: Mapping[int, Box] | None = None, scale: int = 1) -> list[ImageArray]:
    """A textured scene with a little noise, in which, frame by frame, a bright box may stand."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    plain = 70 + 40 * ((x // 7 + y // 7) % 2)
    images = []
    for index in range(frames):
        image = plain + random.integers(-4, 5, plain.shape)
        if squares and index in squares:
            x0, y0, x1, y1 = squares[index]
            image[y0:y1, x0:x1] = 250
        grey = np.asarray(image, np.uint8)
        if scale != 1:
            grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST), np.uint8)
        images.append(np.repeat(grey[..., None], 3, axis=2))
    return images


def glow_video(
    name: str, frames: int, seed: int, squares: Mapping[int, Box] | None = None, scale: int = 1
) -> ArrayVideo:
    return ArrayVideo(scene(frames, seed, squares, scale), fps=10, name=name)
