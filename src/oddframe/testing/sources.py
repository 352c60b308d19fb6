"""Seeded observations with known oddities, of any spec: what models are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.models.source import MemorySource
from oddframe.types import BoolArray, Field, IntArray, Observations, Spec, VideoId, VideoInfo

FLOW_AND_SHAPE = Spec({"flow": Field((8,)), "shape": Field((4,))})
"""Two short entries, as of objects that move."""

_KINDS = 3
_Reals: TypeAlias = npt.NDArray[np.float64]


def synthetic_video(
    spec: Spec, video: VideoId, *, seed: int, frames: int = 40, tracks: int = 2, odd: range = range(0)
) -> tuple[VideoInfo, Observations]:
    """One video in whose every frame `tracks` things are seen.

    Each thing is of one of a few kinds, the same in all videos, and changes slowly, with noise. In the frames of
    `odd`, track 0 is of no such kind (see `odd_rows`).
    """
    random = np.random.default_rng(seed)
    kinds = random.integers(_KINDS, size=tracks)
    phase = random.uniform(0, 6, size=tracks)
    frame, track = np.repeat(np.arange(frames), tracks), np.tile(np.arange(tracks), frames)
    strange = np.isin(frame, odd) & (track == 0)
    sway = np.sin(frame / 7 + phase[track])
    data = {}
    for number, (name, field) in enumerate(sorted(spec.fields.items())):
        noise = random.normal(scale=0.1, size=(len(frame), *field.shape))
        data[name] = _values(field, number, kinds[track], np.stack([sway, strange]), noise)
    corner = np.stack([20 + frame + 0 * track, 10 + 40 * track], axis=1).astype(np.float32)
    observations = Observations(
        video=video,
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.concatenate([corner, corner + 16], axis=1),
        data=data,
        track=track,
        through=frames,
    )
    return VideoInfo(video, 320, 240, Fraction(25), frames), observations


def odd_rows(observations: Observations, odd: range) -> BoolArray:
    """(N,) which rows of such a video are of no normal kind."""
    if observations.track is None:
        raise ValueError(f"{observations.video}: not a synthetic video, nothing is tracked")
    rows: BoolArray = np.isin(observations.frame, odd) & (observations.track == 0)
    return rows


def synthetic_source(
    spec: Spec = FLOW_AND_SHAPE, *, seed: int = 0, videos: int = 3, frames: int = 40, odd_videos: int = 0
) -> MemorySource:
    """Normal videos "normal0", ..., labelled False, then "odd0", ... with an odd second half, labelled True."""
    normal = [synthetic_video(spec, f"normal{n}", seed=seed + n, frames=frames) for n in range(videos)]
    half = range(frames // 2, frames)
    odd = [synthetic_video(spec, f"odd{n}", seed=seed + 100 + n, frames=frames, odd=half) for n in range(odd_videos)]
    labels = {info.id: False for info, _ in normal} | {info.id: True for info, _ in odd}
    return MemorySource(spec, normal + odd, labels)


def pieces(observations: Observations, cuts: Sequence[int]) -> list[Observations]:
    """The same observations cut before these rows, as a stream would bring them; repeated cuts give empty pieces."""
    edges = [0, *cuts, len(observations)]
    parts = []
    for start, end in pairwise(edges):
        through = int(observations.frame[end]) if end < len(observations) else observations.through
        parts.append(replace(observations.select(slice(start, end)), through=through))
    return parts


def _values(field: Field, entry: int, kind: IntArray, motion: _Reals, noise: _Reals) -> Tensor:
    """(N, *shape): each row's kind, moved by (2, N) sway and throw, with noise."""
    scene = np.random.default_rng([7, entry])  # the same for all videos
    means = scene.normal(size=(_KINDS, *field.shape))
    swing, side = scene.normal(size=(2, *field.shape))
    steps = np.tensordot(motion, np.stack([0.2 * swing, 3.0 * np.sign(side)]), axes=(0, 0))
    rows = means[kind] + steps + noise
    if field.dtype.is_floating_point:
        return torch.from_numpy(rows).to(field.dtype)
    return torch.from_numpy(np.clip(np.rint(128 + 25 * rows), 0, 255)).to(field.dtype)
