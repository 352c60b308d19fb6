"""Observations of a thing that walks to and fro, and jumps where it is told: video without pixels."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import torch

from oddframe.engine import Detector
from oddframe.models.base import Model
from oddframe.models.source import MemorySource
from oddframe.observers.objects import Objects
from oddframe.scoring import Scoring, Smoothing
from oddframe.types import Field, Observations, Spec, VideoId, VideoInfo

SPEC = Spec({"place": Field((2,)), "size": Field((1,))})
FPS = 10


def recorded(
    name: VideoId, seed: int, frames: int = 120, jumps: Mapping[range, float] | None = None, y: float = 20
) -> tuple[VideoInfo, Observations]:
    """One observation a frame; in the frames of a jump, the thing is at another height."""
    noise = np.random.default_rng(seed).normal(scale=0.5, size=(frames, 3))
    height = np.full(frames, float(y))
    for some, there in (jumps or {}).items():
        height[some] = there
    way = 25 + 20 * np.sin(np.arange(frames) / 8 + seed)
    place = np.stack([way, height], axis=1) + noise[:, :2]
    index = np.arange(frames)
    observations = Observations(
        video=name,
        frame=index,
        span=np.stack([index, index + 1], axis=1),
        ready=index,
        box=np.concatenate([place, place + 6], axis=1).astype(np.float32),
        data={
            "place": torch.from_numpy(place).float(),
            "size": torch.from_numpy(6 + noise[:, 2:]).float(),
        },
        through=frames,
    )
    return VideoInfo(name, 64, 64, Fraction(FPS), frames), observations


def source(*videos: tuple[VideoInfo, Observations]) -> MemorySource:
    """Some of them."""
    return MemorySource(SPEC, videos)


def normal(count: int = 6, name: str = "v", **changes: float) -> MemorySource:
    """Videos "v0", "v1", ... in which it only walks."""
    return source(*(recorded(f"{name}{number}", number, **changes) for number in range(count)))  # type: ignore[arg-type]


def today() -> MemorySource:
    """A video with a jump down in frames 40 to 59, and one up in 80 to 89."""
    return source(recorded("today", 77, 100, {range(40, 60): 38.0, range(80, 90): 2.0}))


def detector(model: Model, scoring: Scoring | None = None) -> Detector:
    """Fitted on `normal`; scores are not smoothed unless that is asked for."""
    plain = Scoring(smoothing=Smoothing("none"))
    return Detector(observer=Objects(embedding=0), model=model, scoring=scoring or plain).fit(normal())
