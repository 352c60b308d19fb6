"""One video as the snippet observer sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from oddframe.observers.base import ObservationStream
from oddframe.observers.batches import embed_in_batches
from oddframe.observers.frame_crops import crop_boxes
from oddframe.types import Frame, ImageArray, Observations, Run, VideoInfo
from oddframe.video.windows import about_frame, span_of, window_count

if TYPE_CHECKING:
    from oddframe.observers.snippet import Snippet


class SnippetStream(ObservationStream):
    """Keeps the pictures that unfinished snippets still need, and nothing else.

    A clip is what the backbone sees at once: the whole snippet for a video backbone, one picture for a picture
    backbone, whose features are shared between the snippets that sample the same frame.
    """

    def __init__(self, observer: Snippet, video: VideoInfo, run: Run) -> None:
        self._observer, self._video, self._run = observer, video, run
        self._window = observer.window(video)
        frames = observer.backbone.frames
        samples = frames if frames > 1 else observer.samples
        # Truncated as the SlowFast project truncates: paper LLSH's slow pathway is 0 4 8 13 17 22 26 31.
        self._offsets = np.linspace(0, self._window.length - 1, samples).astype(int)
        self._boxes = crop_boxes(video, observer.crops, observer.boxes)
        self._pictures: dict[int, list[ImageArray]] = {}  # by frame, the crops
        self._features: dict[int, Tensor] = {}  # by frame (picture backbone) or by snippet (video backbone)
        self._waiting: list[int] = []
        self._done = 0
        self._seen = 0

    def push(self, frame: Frame) -> Observations:
        self._seen = frame.index + 1
        if self._sampled(frame.index):
            self._pictures[frame.index] = [np.array(frame.image[y0:y1, x0:x1]) for x0, y0, x1, y1 in self._boxes]
        clips = self._ready_clips(frame.index)
        self._waiting += clips
        while len(self._waiting) >= self._observer.batch:
            self._embed(self._observer.batch)
        return self._report()

    def close(self) -> Observations:
        if self._waiting:
            self._embed(len(self._waiting))
        return replace(self._report(), through=self._seen)

    def _sampled(self, index: int) -> bool:
        starts = index - self._offsets
        return bool(((starts >= 0) & (starts % self._window.stride == 0)).any())

    def _frames_of(self, snippet: int) -> list[int]:
        return [int(snippet * self._window.stride + offset) for offset in self._offsets]

    def _ready_clips(self, index: int) -> list[int]:
        """Keys of the clips that this frame completes."""
        if self._observer.backbone.frames == 1:
            return [index] if index in self._pictures else []
        start = index - self._window.length + 1
        return [start // self._window.stride] if start >= 0 and start % self._window.stride == 0 else []

    def _embed(self, count: int) -> None:
        keys, self._waiting = self._waiting[:count], self._waiting[count:]
        video, cropped = self._observer.backbone.frames > 1, next(iter(self._observer.spec.fields.values())).crops
        frames = [self._frames_of(key) if video else [key] for key in keys]
        crops = [self._embedded(frames, crop) for crop in range(len(self._boxes))]
        features = torch.stack(crops, dim=1) if cropped else crops[0]  # (N, crops, D) or (N, D)
        self._features.update(zip(keys, features, strict=True))
        if not video:
            for key in keys:
                del self._pictures[key]

    def _embedded(self, clips: list[list[int]], crop: int) -> Tensor:
        """(N, D) features of one crop of N clips, told by their frames."""
        stacked = [np.stack([self._pictures[frame][crop] for frame in frames]) for frames in clips]
        return embed_in_batches(self._observer.backbone, stacked, self._observer.batch, self._run)

    def _report(self) -> Observations:
        window, found = self._window, []
        while self._done < window_count(window, self._seen):
            data = self._data(self._done)
            if data is None:
                break
            found.append(self._one(self._done, data))
            self._done += 1
            self._forget(self._done * window.stride)
        if found:
            return Observations.concatenate(found)
        return Observations.none(self._video.id, self._observer.spec, through=self._through())

    def _data(self, snippet: int) -> dict[str, Tensor] | None:
        if self._observer.backbone.frames > 1:
            feature = self._features.get(snippet)
            return None if feature is None else {"feature": feature[None]}
        frames = self._frames_of(snippet)
        if any(frame not in self._features for frame in frames):
            return None
        seen = torch.stack([self._features[frame] for frame in frames])  # (samples, D) or (samples, crops, D)
        return {"appearance": seen.mean(0)[None], "change": seen.diff(dim=0).abs().mean(0)[None]}

    def _one(self, snippet: int, data: dict[str, Tensor]) -> Observations:
        window = self._window
        return Observations(
            video=self._video.id,
            frame=np.array([about_frame(window, snippet)]),
            span=np.array([span_of(window, snippet)]),
            ready=np.array([snippet * window.stride + window.extent - 1]),
            box=np.array([[0, 0, self._video.width, self._video.height]], np.float32),
            data=data,
            through=self._through(snippet + 1),
        )

    def _through(self, done: int | None = None) -> int:
        """Frames before the first one that an unfinished snippet, this or a coming one, may still speak for."""
        return min(self._seen, span_of(self._window, self._done if done is None else done)[0])

    def _forget(self, before: int) -> None:
        self._pictures = {frame: picture for frame, picture in self._pictures.items() if frame >= before}
        if self._observer.backbone.frames == 1:
            self._features = {frame: feature for frame, feature in self._features.items() if frame >= before}
        else:
            self._features = {key: feature for key, feature in self._features.items() if key >= self._done}
