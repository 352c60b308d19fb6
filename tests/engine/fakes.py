"""An observer and a model that are easy to reason about, and videos for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import torch

from oddframe.errors import NotFitted, SpecError, StoreError
from oddframe.models.base import Model, ModelState, Regime, ScoringStream
from oddframe.models.source import ObservationSource
from oddframe.observers.base import ObservationStream, Observer
from oddframe.types import Field, Frame, ImageArray, Observations, Run, Scored, Spec, VideoInfo, Window
from oddframe.video.array import ArrayVideo


class Blob(Observer):
    """Finds where a frame is brighter than 200: one observation a frame, its data column, row and size."""

    name: ClassVar[str] = "blob"

    def __init__(self, seconds: float = 0.5) -> None:
        self.seconds = seconds

    @property
    def spec(self) -> Spec:
        return Spec({"place": Field((3,)), "pixel": Field((2, 2), torch.uint8), "half": Field((), torch.bfloat16)})

    def window(self, video: VideoInfo) -> Window:
        return Window(length=int(self.seconds * video.fps), about=1)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return BlobStream(self.spec, video, self.window(video))


class BlobStream(ObservationStream):
    """Gives what it found once the window around the frame is over."""

    def __init__(self, spec: Spec, video: VideoInfo, window: Window) -> None:
        self._spec, self._video, self._window = spec, video, window
        self._frames: list[Frame] = []

    def push(self, frame: Frame) -> Observations:
        self._frames.append(frame)
        start = frame.index - self._window.extent + 1
        if start < 0:
            return Observations.none(self._video.id, self._spec)
        return self._about(start + self._window.about, frame.index)

    def close(self) -> Observations:
        return Observations.none(self._video.id, self._spec, through=len(self._frames))

    def _about(self, index: int, ready: int) -> Observations:
        rows, columns = np.nonzero(self._frames[index].image[..., 0] > 200)
        if not len(rows):
            return Observations.none(self._video.id, self._spec, through=index + 1)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        place = torch.tensor([[float(columns.mean()), float(rows.mean()), float(len(rows))]])
        return Observations(
            video=self._video.id,
            frame=np.array([index]),
            span=np.array([[index, index + 1]]),
            ready=np.array([ready]),
            box=np.array([box], np.float32),
            data={
                "place": place,
                "pixel": torch.full((1, 2, 2), index % 256, dtype=torch.uint8),
                "half": torch.tensor([index / 4], dtype=torch.bfloat16),
            },
            through=index + 1,
        )


class Nearest(Model):
    """Scores by the distance to the nearest place that it has absorbed."""

    name: ClassVar[str] = "nearest"
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.known: torch.Tensor | None = None

    def check(self, spec: Spec) -> None:
        if "place" not in spec.fields:
            raise SpecError("nearest needs a place")

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self.known = torch.zeros(0, 3)
        return self

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        assert self.known is not None
        self.known = torch.cat([self.known, data.take(np.arange(len(data)))["place"]])
        return self

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        if self.known is None:
            raise NotFitted("nearest is not fitted")
        return NearestStream(self.known, self.scale, video)

    def state(self) -> ModelState:
        assert self.known is not None
        return ModelState({"known": self.known}, {"count": len(self.known)})

    def restore(self, state: ModelState) -> Self:
        if state.meta.get("count") != len(state.tensors["known"]):
            raise StoreError("nearest: another number of places than saved")
        self.known = state.tensors["known"]
        return self


class NearestStream(ScoringStream):
    """Scores row by row."""

    def __init__(self, known: torch.Tensor, scale: float, video: VideoInfo) -> None:
        self._known, self._scale, self._video = known, scale, video

    def push(self, observations: Observations) -> Scored:
        places = observations.data.get("place", torch.zeros(0, 3))
        score = self._scale * torch.cdist(places, self._known).amin(dim=1) if len(places) else torch.zeros(0)
        return Scored(observations.columns(), score.numpy())

    def close(self) -> Scored:
        return Scored(Observations.none(self._video.id), np.zeros(0, np.float32))


def in_catalog(patch: pytest.MonkeyPatch) -> None:
    """Make both known by name, as another package would."""
    points = [
        EntryPoint("blob", f"{__name__}:Blob", "oddframe.observers"),
        EntryPoint("nearest", f"{__name__}:Nearest", "oddframe.models"),
    ]
    patch.setattr(
        "oddframe.catalog.tables.entry_points", lambda group: [point for point in points if point.group == group]
    )


def picture(x: int | None, y: int = 20, side: int = 6) -> ImageArray:
    """A textured scene with a blob, or without (x None)."""
    rows, columns = np.mgrid[:48, :64]
    grey = 60 + 50 * ((rows // 6 + columns // 6) % 2) + 30 * ((rows // 16) % 2)
    image = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if x is not None:
        image[y : y + side, x : x + side] = 255
    return image


def video(name: str, xs: Sequence[int | None], fps: int = 10, **changes: Any) -> ArrayVideo:
    """A video of one blob; per frame where it is, None = nowhere."""
    images = np.stack([picture(x, **changes) for x in xs])
    # One pixel counts frames, so that no two pictures are equal: a still camera is not a frozen one.
    images[:, 0, 0, 0] = np.arange(len(xs)) % 100
    return ArrayVideo(images, fps=fps, name=name)


def walk(frames: int, start: int = 0) -> list[int | None]:
    """To and fro between 5 and 50, two pixels a frame."""
    way = (2 * np.arange(frames) + start) % 90
    return [int(5 + (w if w <= 45 else 90 - w)) for w in way]


def with_frames(info: VideoInfo, frames: int) -> VideoInfo:
    """The same video, counted."""
    return replace(info, frames=frames)
