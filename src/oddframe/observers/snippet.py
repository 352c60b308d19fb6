"""Observer `snippet`: T frames, or parts of them, through a backbone to one feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.embedding import embed_in_batches
from oddframe.types import Field, Frame, ImageArray, Observations, Run, Spec, VideoInfo, Window
from oddframe.video.windows import about_frame, span_of, window_count


class Snippet(Observer):
    """Turns every `stride` seconds of video into one observation about the whole frame (paper LLSH, 3.1: T = 32).

    A video backbone gives one entry, `feature`. A picture backbone sees `samples` pictures of the snippet and gives
    two: `appearance`, their mean feature, and `change`, the mean absolute difference between neighbours, without
    which a man walking and a man running would look the same. Its snippet is about the middle frame.

    The backbone gets whole frames and squeezes them to what it wants; or it gets several crops of each, one after the
    other, and every entry has a row for each crop.

    Args:
        backbone: a picture or video backbone; EfficientNet-Lite0 at 224 x 224 where None is given.
        seconds: length of a snippet; 1.28 s are 32 frames at 25 frames a second.
        stride: seconds from one snippet to the next.
        samples: pictures per snippet, for a picture backbone; at least 2.
        batch: clips per run of the backbone; snippets wait for a full batch.
        length, step: `seconds` and `stride` in frames, instead of these: for protocols that are told in frames.
        crops: so many squares, as high as the frame, evenly along its width (or the other way round); 1 = no crops.
        boxes: crops of one's own instead, each x0 y0 x1 y1 in pixels of the source frame.

    Raises:
        SettingsError: a value out of range.
    """

    name = "snippet"

    def __init__(
        self,
        *,
        backbone: Backbone | None = None,
        seconds: float = 1.28,
        stride: float = 0.32,
        samples: int = 4,
        batch: int = 4,
        length: int | None = None,
        step: int | None = None,
        crops: int = 1,
        boxes: tuple[Box, ...] = (),
    ) -> None:
        if seconds <= 0 or stride <= 0 or samples < 2 or batch < 1 or crops < 1 or (step is not None and step < 1):
            raise SettingsError("snippet: seconds, stride, batch, step and crops are above 0, and samples at least 2")
        self.backbone = backbone or EfficientNetLite0()
        if length is not None and length < max(2, self.backbone.frames):
            raise SettingsError(f"snippet: length {length} is under the {max(2, self.backbone.frames)} frames needed")
        self.seconds, self.stride, self.samples, self.batch = seconds, stride, samples, batch
        self.length, self.step, self.crops, self.boxes = length, step, crops, boxes

    @property
    def spec(self) -> Spec:
        size = Field((self.backbone.features,))
        if self.boxes or self.crops > 1:
            size = Field((len(self.boxes) or self.crops, self.backbone.features), crops=True)
        if self.backbone.frames > 1:
            return Spec({"feature": size})
        return Spec({"appearance": size, "change": size})

    def window(self, video: VideoInfo) -> Window:
        """The snippet at this frame rate; never under 2 frames, nor under what a video backbone takes."""
        length = self.length or max(2, self.backbone.frames, round(self.seconds * video.fps))
        stride = self.step or max(1, round(self.stride * video.fps))
        return Window(length=length, stride=stride, about=length // 2)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        """Start to observe a video. Raises `SettingsError` where a box reaches out of its frames."""
        return SnippetStream(self, video, run)


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


Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the source frame; x1 and y1 are one past the last."""


def crop_boxes(video: VideoInfo, crops: int, boxes: Sequence[Box] = ()) -> list[Box]:
    """The boxes to look at: those given; else `crops` squares along the longer side; else the whole frame.

    With three, as in the SlowFast project's tests: at both ends and in the middle, on the shorter side's whole length.

    >>> from fractions import Fraction
    >>> crop_boxes(VideoInfo("v", 640, 360, Fraction(25)), 3)
    [(0, 0, 360, 360), (140, 0, 500, 360), (280, 0, 640, 360)]

    Raises:
        SettingsError: a box is empty or reaches out of the frame.
    """
    width, height = video.width, video.height
    for box in boxes:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise SettingsError(f"snippet: box {list(box)} is not inside {video.id}, which is {width} x {height}")
    if boxes:
        return list(boxes)
    if crops == 1:
        return [(0, 0, width, height)]
    side = min(width, height)
    starts = np.ceil(np.linspace(0, max(width, height) - side, crops)).astype(int).tolist()
    return [(s, 0, s + side, side) if width >= height else (0, s, side, s + side) for s in starts]
