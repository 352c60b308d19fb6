"""The segments observer: everything that another observer sees in a stretch of frames, as one observation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.objects import Objects
from oddframe.types import Field, Frame, IntArray, Observations, Run, Spec, VideoInfo, Window


class Segments(Observer):
    """Pools what another observer sees in each `length` frames: one observation a segment, about the whole picture.

    Weak supervision judges segments, and a segment with one odd person among twenty has a mean that is hardly odd. So
    each entry becomes three rows: the mean, the least and the most of every value over all that is seen in the
    segment, whoever it is. `count` (1,) is the logarithm of 1 + how many are seen a frame. A segment in which nothing
    is seen gives nothing.

    Args:
        observer: what sees things; `objects` where None is given.
        length: frames in a segment.

    Raises:
        SettingsError: a segment without frames, or an observer whose entries are not numbers to be averaged.
    """

    name = "segments"

    def __init__(self, *, observer: Observer | None = None, length: int = 16) -> None:
        if length < 1:
            raise SettingsError(f"segments: length is at least 1 frame, not {length}")
        self.observer, self.length = observer or Objects(), length
        self.medium = self.observer.medium
        if odd := [name for name, entry in self.observer.spec.fields.items() if not entry.dtype.is_floating_point]:
            raise SettingsError(f"segments: {', '.join(odd)} of observer {self.observer.name!r} cannot be averaged")

    @property
    def spec(self) -> Spec:
        pooled = {
            name: replace(entry, shape=(3, *entry.shape), crops=False, context=False, slide=0)
            for name, entry in self.observer.spec.fields.items()
        }
        return Spec({**pooled, "count": Field((1,))})

    def window(self, video: VideoInfo) -> Window:
        """The segment, and the frames after it that the other observer needs to see. Raises what that one raises."""
        return Window(length=self.length + self._ahead(video), stride=self.length, about=self.length // 2)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return SegmentStream(self, video, self.observer.open(video, run), self._ahead(video))

    def _ahead(self, video: VideoInfo) -> int:
        inner = self.observer.window(video)
        return inner.extent - 1 - inner.about


class SegmentStream(ObservationStream):
    """Holds what is seen in the segment that is not over yet."""

    def __init__(self, observer: Segments, video: VideoInfo, inner: ObservationStream, ahead: int) -> None:
        self._observer, self._video, self._inner, self._ahead = observer, video, inner, ahead
        self._held: list[Observations] = []
        self._done = self._seen = 0  # frames of finished segments, and all that came

    def push(self, frame: Frame) -> Observations:
        self._seen = frame.index + 1
        return self._take(self._inner.push(frame))

    def close(self) -> Observations:
        return replace(self._take(self._inner.close()), through=self._seen)

    def _take(self, some: Observations) -> Observations:
        if len(some):
            self._held.append(some)
        # The other observer may be through earlier at the end of a video than in its middle; windows may not.
        over = max(min(some.through, self._seen - self._ahead) // self._observer.length * self._observer.length, 0)
        if over <= self._done:
            return Observations.none(self._video.id, self._observer.spec, self._done)
        first, self._done = self._done, over
        return self._pooled(first)

    def _pooled(self, first: int) -> Observations:
        """The segments from frame `first` on that are over by now."""
        length, spec = self._observer.length, self._observer.spec
        held = Observations.concatenate([Observations.none(self._video.id, self._observer.observer.spec), *self._held])
        now = int(np.searchsorted(held.frame, self._done))
        self._held = [held.select(slice(now, None))] if now < len(held) else []
        number, counts = np.unique(held.frame[:now] // length, return_counts=True)
        ready = np.maximum.reduceat(held.ready[:now], counts.cumsum() - counts) if len(counts) else counts
        if not len(number):
            return Observations.none(self._video.id, spec, self._done)
        pieces = [held.select(slice(end - count, end)) for end, count in zip(counts.cumsum(), counts, strict=True)]
        data = {name: torch.stack([_spread(piece.data[name]) for piece in pieces]) for name in held.data}
        data["count"] = torch.from_numpy(np.log1p(counts / length).astype(np.float32))[:, None]
        return self._observed(number * length, ready, data)

    def _observed(self, start: IntArray, ready: IntArray, data: dict[str, Tensor]) -> Observations:
        length, box = self._observer.length, [0, 0, self._video.width, self._video.height]
        return Observations(
            video=self._video.id,
            frame=start + length // 2,
            span=np.stack([start, start + length], axis=1),
            ready=np.maximum(start + length - 1 + self._ahead, ready),
            box=np.tile(np.array([box], np.float32), (len(start), 1)),
            data=data,
            through=self._done,
        )


def _spread(rows: Tensor) -> Tensor:
    """Mean, least and most of (N, ...) values: (3, ...)."""
    return torch.stack([rows.mean(0), rows.amin(0), rows.amax(0)])
