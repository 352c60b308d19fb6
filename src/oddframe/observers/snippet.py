"""Observer `snippet`: T frames, or parts of them, through a backbone to one feature."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.embedding import embed_in_batches
from oddframe.types import (
    HALF,
    Field,
    FloatArray,
    Frame,
    ImageArray,
    Observations,
    Run,
    Spec,
    VideoInfo,
    Window,
    position,
)


class Snippet(Observer):
    """Turns every `stride` seconds of video into one observation about the whole frame (paper LLSH, 3.1: T = 32).

    A video backbone gives one entry, `feature`. A picture backbone sees `samples` pictures of the snippet and gives
    two: `appearance`, their mean feature, and `change`, the mean absolute difference between neighbours, without
    which a man walking and a man running would look the same. Its snippet is about the middle frame.

    The backbone gets whole frames and squeezes them to what it wants; or it gets several crops of each, one after the
    other, and every entry has a row for each crop. A backbone with a grid of cells gives one observation for each cell
    of each crop, about that part of the picture.

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
        if self.backbone.grid == (1, 1) and (self.boxes or self.crops > 1):
            size = Field((len(self.boxes) or self.crops, self.backbone.features), crops=True)
        if self.backbone.frames > 1:
            return Spec({"feature": size})
        return Spec({"appearance": size, "change": size})

    def window(self, video: VideoInfo) -> Window:
        """The snippet at the nominal rate; never under 2 frames, nor under what a video backbone takes.

        Where the rate changes, snippets of so many seconds begin every so many seconds, and have the frames nearest to
        the moments at which a constant rate would have had them; a snippet of a number of frames has that number.
        """
        length = self.length or max(2, self.backbone.frames, round(self.seconds * video.fps))
        stride = self.step or max(1, round(self.stride * video.fps))
        return Window(length=length, stride=stride, about=length // 2, measure="frames" if self._counts else "grid")

    @property
    def _counts(self) -> bool:
        """Whether it was told in frames, not in seconds."""
        return self.length is not None or self.step is not None

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
        frames = observer.backbone.frames
        samples = frames if frames > 1 else observer.samples
        window = observer.window(video)
        # Truncated as the SlowFast project truncates: paper LLSH's slow pathway is 0 4 8 13 17 22 26 31.
        self._grid = Grid(window, np.linspace(0, window.length - 1, samples).astype(np.int64).tolist())
        self._boxes = crop_boxes(video, observer.crops, observer.boxes)
        self._cells = observer.backbone.grid
        self._places = self._reported(video)
        self._pictures: dict[int, list[ImageArray]] = {}  # by frame, the crops
        self._features: dict[int, Tensor] = {}  # by frame (picture backbone) or by snippet (video backbone)
        self._waiting: list[int] = []
        self._snippets: deque[Placed] = deque()  # complete, but not yet reported
        self._seen = 0

    def push(self, frame: Frame) -> Observations:
        self._seen = frame.index + 1
        sampled, complete = self._grid.push(float(position(frame.time, self._video.fps)))
        if sampled:
            self._pictures[frame.index] = [np.array(frame.image[y0:y1, x0:x1]) for x0, y0, x1, y1 in self._boxes]
            if self._observer.backbone.frames == 1:
                self._waiting.append(frame.index)
        self._snippets += complete
        if self._observer.backbone.frames > 1:
            self._waiting += [one.number for one in complete]
        while len(self._waiting) >= self._observer.batch:
            self._embed(self._observer.batch)
        return self._report()

    def close(self) -> Observations:
        if self._waiting:
            self._embed(len(self._waiting))
        return replace(self._report(), through=self._seen)

    def _embed(self, count: int) -> None:
        keys, self._waiting = self._waiting[:count], self._waiting[count:]
        video, cropped = self._observer.backbone.frames > 1, next(iter(self._observer.spec.fields.values())).crops
        members = {one.number: one.members for one in self._snippets}
        frames = [members[key] if video else [key] for key in keys]
        crops = [self._embedded(frames, crop) for crop in range(len(self._boxes))]
        if self._cells != (1, 1):
            features = torch.stack(crops, dim=1).flatten(1, 3)  # (N, crops * cells, D)
        else:
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
        found = []
        while self._snippets:
            data = self._data(self._snippets[0])
            if data is None:
                break
            one = self._snippets.popleft()
            self._forget(one)
            found.append(self._one(one, data))
        if found:
            return Observations.concatenate(found)
        return Observations.none(self._video.id, self._observer.spec, through=self._through())

    def _data(self, snippet: Placed) -> dict[str, Tensor] | None:
        if self._observer.backbone.frames > 1:
            feature = self._features.get(snippet.number)
            return None if feature is None else {"feature": self._rows(feature)}
        if any(frame not in self._features for frame in snippet.members):
            return None
        seen = torch.stack([self._features[frame] for frame in snippet.members])  # (samples, D) or (samples, crops, D)
        return {"appearance": self._rows(seen.mean(0)), "change": self._rows(seen.diff(dim=0).abs().mean(0))}

    def _rows(self, feature: Tensor) -> Tensor:
        """What one snippet gives, as rows of its observations: one, or one a cell."""
        return feature[None] if self._cells == (1, 1) else feature

    def _reported(self, video: VideoInfo) -> FloatArray:
        """(n, 4) the boxes of a snippet's observations: the whole frame, or the cells of every crop."""
        if self._cells == (1, 1):
            return np.array([[0, 0, video.width, video.height]], np.float32)
        rows, columns = self._cells
        y, x = (one.reshape(-1, 1) for one in np.indices((rows, columns)))
        shares = np.concatenate([x, y, x + 1, y + 1], axis=1) / np.array([columns, rows, columns, rows])
        cells = [np.array([a, b, a, b]) + shares * np.array([c - a, d - b, c - a, d - b]) for a, b, c, d in self._boxes]
        return np.concatenate(cells).astype(np.float32)

    def _one(self, snippet: Placed, data: dict[str, Tensor]) -> Observations:
        count = len(self._places)
        return Observations(
            video=self._video.id,
            frame=np.full(count, snippet.about),
            span=np.tile(np.array([[snippet.begin, snippet.end]]), (count, 1)),
            ready=np.full(count, snippet.last),
            box=self._places,
            data=data,
            through=self._through(),
        )

    def _through(self) -> int:
        """Frames before the first one that an unfinished snippet, this or a coming one, may still speak for."""
        waiting = self._snippets[0].begin if self._snippets else self._grid.begin
        return min(self._seen, waiting)

    def _forget(self, done: Placed) -> None:
        """Drop what no snippet after this one needs."""
        before = self._snippets[0].members[0] if self._snippets else self._grid.first
        asked = set(self._waiting)
        self._pictures = {n: picture for n, picture in self._pictures.items() if n >= before or n in asked}
        if self._observer.backbone.frames == 1:
            self._features = {frame: feature for frame, feature in self._features.items() if frame >= before}
        else:
            self._features = {key: feature for key, feature in self._features.items() if key > done.number}


@dataclass(frozen=True, slots=True)
class Placed:
    """A snippet in its video.

    Args:
        number: of the snippet.
        members: its sampled frames.
        about, last: the frame that it is about, and the last that it needs.
        begin, end: the frames that it speaks for.
    """

    number: int
    members: list[int]
    about: int
    last: int
    begin: int
    end: int


class Grid:
    """Says of each frame that comes whether it is sampled, and which snippets are complete with it.

    A snippet that begins at nominal frame n has at each offset the first frame that comes no more than half a nominal
    frame before n + offset; one that is told in frames counts these.

    Args:
        window: a snippet.
        offsets: of its sampled frames, ascending.
    """

    def __init__(self, window: Window, offsets: Sequence[int]) -> None:
        before = window.about - (window.stride - 1) // 2
        wanted = {*offsets, window.about, before, before + window.stride, window.extent - 1}
        self._window, self._offsets, self._before = window, list(offsets), before
        self._wanted = sorted(wanted)
        self._open: deque[tuple[int, dict[int, int]]] = (
            deque()
        )  # snippets that are not complete: number, offset -> frame
        self._next = self._frames = 0
        self._start: float | None = None

    def push(self, position: float) -> tuple[bool, list[Placed]]:
        """Take a frame's position, in nominal frames: whether it is sampled, and the snippets that it completes."""
        if self._window.measure == "frames":
            position = float(self._frames)
        here = position - (position if self._start is None else self._start)
        self._start = position - here
        while self._next * self._window.stride + self._wanted[0] - HALF <= here:
            self._open.append((self._next, {}))
            self._next += 1
        sampled = False
        for number, found in self._open:
            for offset in self._wanted:
                if offset not in found and number * self._window.stride + offset - HALF <= here:
                    found[offset] = self._frames
                    sampled |= offset in self._offsets
        self._frames += 1
        return sampled, list(self._complete())

    @property
    def begin(self) -> int:
        """The first frame that a snippet which is not complete may speak for."""
        return self._open[0][1].get(self._before, self._frames) if self._open else self._frames

    @property
    def first(self) -> int:
        """The first frame that a snippet which is not complete may need."""
        return self._open[0][1].get(0, self._frames) if self._open else self._frames

    def _complete(self) -> Iterator[Placed]:
        """The snippets whose last frame is there, in order; where frames are few, several would speak for none."""
        extent, after = self._window.extent, self._before + self._window.stride
        while self._open and extent - 1 in self._open[0][1]:
            number, found = self._open.popleft()
            last, members = found[extent - 1], [found[offset] for offset in self._offsets]
            end = found.get(after, last + after - (extent - 1))
            if found[self._before] < end:
                yield Placed(number, members, found[self._window.about], last, found[self._before], end)


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
