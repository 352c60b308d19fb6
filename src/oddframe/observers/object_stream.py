"""One video as the objects observer sees it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from oddframe.observers import descriptors
from oddframe.observers.background import Background
from oddframe.observers.base import ObservationStream
from oddframe.observers.crops import CropEmbedder
from oddframe.observers.flow import Grey, InverseSearchFlow, working_grey
from oddframe.observers.regions import ForegroundRule, Region, foreground_regions
from oddframe.observers.tracking import Track, Tracker, Values
from oddframe.types import FloatArray, Frame, Observations, Run, VideoInfo

if TYPE_CHECKING:
    from oddframe.observers.objects import Objects


class ObjectStream(ObservationStream):
    """Flow, regions, tracks, descriptors, frame by frame. Causal: what is said of a frame needs no later one."""

    def __init__(self, observer: Objects, video: VideoInfo, run: Run) -> None:
        self._observer, self._video = observer, video
        self._gap = observer.window(video).about
        self._recent: deque[Grey] = deque(maxlen=self._gap + 1)
        self._flow = InverseSearchFlow()
        self._background = Background(video.fps) if observer.standing else None
        fps = float(video.fps)
        self._tracker = Tracker(overlap=0.2, patience=max(2, round(0.12 * fps)), still_patience=max(2, round(fps)))
        self._share = 1 - float(np.exp(-1 / (fps * observer.memory)))
        self._look = max(1, round(observer.look * fps))
        self._embedder = CropEmbedder(observer.backbone, observer.embedding, run) if observer.backbone else None
        self._seen = 0

    def push(self, frame: Frame) -> Observations:
        grey = working_grey(frame.image, self._observer.short_side)
        self._recent.append(grey)
        self._seen = frame.index + 1
        if len(self._recent) <= self._gap:
            return self._nothing()
        flow = self._flow(self._recent[0], grey)
        regions = self._regions(flow, grey)
        tracks = self._follow(frame.index, regions, flow)
        if self._embedder is not None:
            # All on one beat, so that batches are full; newcomers at once, so that nothing waits to be reported.
            due = tracks if frame.index % self._look == 0 else [t for t in tracks if t.embedding is None]
            self._embedder.look(frame, due, frame.image.shape[0] / grey.shape[0])
        return self._report(frame.index, tracks, frame.image.shape[0] / grey.shape[0])

    def close(self) -> Observations:
        return self._nothing()

    def _nothing(self) -> Observations:
        return Observations.none(self._video.id, self._observer.spec, through=self._seen)

    def _regions(self, flow: FloatArray, grey: Grey) -> list[Region]:
        observer = self._observer
        rule = ForegroundRule(
            displacement=observer.displacement,
            contrast=observer.contrast,
            standing=4 * observer.contrast,
            part=observer.part,
            smallest=observer.smallest * grey.size,
            border=round(observer.border * min(grey.shape)),
        )
        return foreground_regions(flow, self._recent[0], grey, self._background, rule)

    def _follow(self, index: int, regions: list[Region], flow: FloatArray) -> list[Track]:
        boxes = [np.array([r.left, r.top, r.right, r.bottom], np.float64) for r in regions]
        velocities = [descriptors.mean_flow(flow, r) / self._gap for r in regions]
        tracks = self._tracker.follow(index, boxes, velocities)
        for track, region in zip(tracks, regions, strict=True):
            track.average(self._describe(region, flow, track.stay(index)), self._share)
        return [track for track in tracks if track.age >= self._observer.confirm]

    def _describe(self, region: Region, flow: FloatArray, stayed: int) -> dict[str, Values]:
        observer, (height, width) = self._observer, flow.shape[:2]
        rate = float(self._video.fps) / self._gap / height
        told: dict[str, Values] = {}
        levels = descriptors.speed_levels(flow, region, rate)
        if observer.speed:
            told["speed"] = levels[:1]
        if observer.spread:
            told["spread"] = levels[1:] - levels[0]
        if observer.direction:
            told["direction"] = descriptors.direction_histogram(flow, region, rate)
        if observer.geometry:
            told["geometry"] = descriptors.geometry(region, height)
        if observer.place:
            told["place"] = descriptors.place(region, width, height)
        if observer.dwell:
            told["dwell"] = np.log1p([stayed / float(self._video.fps)])
        return told

    def _report(self, index: int, tracks: list[Track], scale: float) -> Observations:
        if not tracks:
            return self._nothing()
        count = len(tracks)
        data: dict[str, Tensor] = {
            name: torch.from_numpy(np.stack([track.averages[name] for track in tracks]).astype(np.float32))
            for name in tracks[0].averages
        }
        if self._embedder is not None:
            data["embedding"] = torch.stack([t.embedding for t in tracks if t.embedding is not None])
        limit = [self._video.width, self._video.height] * 2
        return Observations(
            video=self._video.id,
            frame=np.full(count, index),
            span=np.tile([index, index + 1], (count, 1)),
            ready=np.full(count, index),
            box=np.clip(np.stack([track.box for track in tracks]) * scale, 0, limit).astype(np.float32),
            data=data,
            track=np.array([track.number for track in tracks]),
            through=index + 1,
        )
