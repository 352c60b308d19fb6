"""Observer `cubes`: each thing in the foreground, cut from a few frames around the moment."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.detectors.paced import Paced
from oddframe.observers.foreground import boxes as rules
from oddframe.observers.foreground.base import Foreground
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.observers.foreground.motion import Motion
from oddframe.observers.sequence import square, squeezed
from oddframe.types import (
    Field,
    FloatArray,
    Frame,
    ImageArray,
    IntArray,
    Observations,
    Run,
    Seconds,
    Spec,
    VideoInfo,
    Window,
    earlier,
    later,
    position,
)


class Cubes(Observer):
    """Gives one observation a box and frame: the same box cut from the frames around it, resized (paper LBR-SPR, 3.2).

    - `appearance` (before + 1 + after, 3, `size`, `size`) uint8, RGB, oldest first, squeezed to a square: averaged
      where it shrinks, interpolated where it grows;
    - `motion` (before + 1 + after, 2, `size`, `size`) float16, where it is asked for: of each of these frames, by how
      many pixels of the source, to the right and down, what is there has come since the frame of a cube before it, or
      would have come where that is not as long ago as at the nominal rate.
      Inverse-search flow at the foreground's working size, resized as the pictures are; the paper has FlowNet2's, from
      which its errors differ, but not its unit.

    Of a video's first and last frames, around which there are not enough, nothing is said: they get the score of the
    nearest judged frame, where the paper repeats frames.

    Args:
        before, after: frames of a cube before and after the one that it is about.
        size: pixels of each side.
        motion: whether to give `motion`.
        interval: seconds from one frame of a cube to the next; 0 = that of the nominal rate, so that frames follow each
            other, as papers do.
        foreground: what finds boxes of what moves; `Motion` where None is given.
        object_detector: what finds boxes of what it knows; motion is then looked for outside of these alone.
        detect_every: seconds from one detection to the next; in between, boxes stay where they were found. 0 = every
            frame.
        certainty: score over which a detection counts.
        overlap: share of a box inside a larger one over which it is dropped.

    Raises:
        SettingsError: a value out of range.

    >>> Cubes(motion=True).spec.fields["motion"].shape
    (5, 2, 32, 32)
    """

    name = "cubes"

    def __init__(
        self,
        *,
        before: int = 2,
        after: int = 2,
        size: int = 32,
        motion: bool = False,
        interval: float = 0.0,
        foreground: Foreground | None = None,
        object_detector: ObjectDetector | None = None,
        detect_every: float = 0.0,
        certainty: float = 0.2,
        overlap: float = 0.6,
    ) -> None:
        if min(before, after, interval, detect_every) < 0 or size < 1:
            raise SettingsError("cubes: before, after, interval and detect_every are 0 or more, size is 1 or more")
        if not 0 <= certainty < 1 or not 0 < overlap <= 1:
            raise SettingsError("cubes: certainty lies in 0 .. 1 and overlap over 0, up to 1")
        self.before, self.after, self.size, self.motion, self.interval = before, after, size, motion, interval
        self.foreground, self.object_detector = foreground or Motion(), object_detector
        self.detect_every, self.certainty, self.overlap = detect_every, certainty, overlap

    @property
    def length(self) -> int:
        """Frames of a cube."""
        return self.before + 1 + self.after

    @property
    def spec(self) -> Spec:
        fields = {"appearance": Field((self.length, 3, self.size, self.size), torch.uint8)}
        if self.motion:
            fields["motion"] = Field((self.length, 2, self.size, self.size), torch.float16)
        return Spec(fields)

    def gap(self, video: VideoInfo) -> int:
        """Nominal frames from one of a cube to the next."""
        return max(1, round(Fraction(self.interval) * video.fps))

    def window(self, video: VideoInfo) -> Window:
        """All frames from the first that the foreground or the flow needs to the cube's last."""
        gap = self.gap(video)
        behind = max((self.before + self.motion) * gap, self.foreground.behind(video))
        least = self.before + self.motion, self.after
        return Window(length=behind + 1 + self.after * gap, about=behind, measure="time", least=least)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return CubeStream(self, video, run)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A frame.

    Args:
        position: when it is, in nominal frames.
        image: (H, W, 3) RGB.
        flow: (h, w, 2) how far things in it have come; None where that is not asked for, or not known.
        boxes: (N, 4) whole pixels.
    """

    position: float
    image: ImageArray
    flow: FloatArray | None
    boxes: IntArray


class CubeStream(ObservationStream):
    """Finds the boxes of each frame when it comes, and cuts them out once the frames after it are there."""

    def __init__(self, observer: Cubes, video: VideoInfo, run: Run) -> None:
        self._observer, self._video = observer, video
        self._gap, self._window = observer.gap(video), observer.window(video)
        self._recent = RecentFlow(observer.foreground.short_side, self._window.about)
        self._foreground = observer.foreground.open(video)
        known = observer.object_detector
        self._detector = None if known is None else Paced(known, observer.detect_every, video, run)
        self._frames: deque[_Seen] = deque()  # from frame number `_base` on
        self._base = self._about = self._pushed = 0  # `_about`: the next frame to be judged

    def push(self, frame: Frame) -> Observations:
        now = float(position(frame.time, self._video.fps))
        self._recent.push(frame.image, now)
        # A copy: the caller's picture may be another one by the time that it is cut.
        self._frames.append(_Seen(now, frame.image.copy(), self._flow(), self._boxes(frame)))
        self._pushed = frame.index + 1
        positions = np.array([seen.position for seen in self._frames])
        found = []
        while self._about < self._pushed:
            place = self._about - self._base
            members = self._members(positions, place)
            if members[-1] >= len(positions):
                break
            found.append(self._cubes(members) if self._first(positions, place) >= 0 else self._nothing(self._about + 1))
            self._about += 1
        self._forget(positions)
        return Observations.concatenate(found) if found else self._nothing(self._about)

    def _flow(self) -> FloatArray | None:
        """How far things have come since the frame of a cube before it, brought to the nominal time between the two."""
        flow = self._recent.flow(self._gap) if self._observer.motion else None
        if flow is None or self._recent.elapsed(self._gap) == self._gap:
            return flow
        return np.asarray(flow * np.float32(self._gap / self._recent.elapsed(self._gap)), np.float32)

    def _members(self, positions: Seconds, place: int) -> list[int]:
        """The places of the frames of a cube about the frame at `place`: -1 before the first, n after the last of n."""
        observer, here = self._observer, np.array([place])
        before = [int(earlier(positions, here, n * self._gap, n)[0]) for n in range(observer.before, 0, -1)]
        after = [int(later(positions, here, n * self._gap, n)[0]) for n in range(1, observer.after + 1)]
        return [*before, place, *after]

    def _first(self, positions: Seconds, place: int) -> int:
        """The place of the first frame of the window about the frame at `place`; -1 where it does not fit."""
        return int(earlier(positions, np.array([place]), self._window.about, self._window.least[0])[0])

    def close(self) -> Observations:
        return self._nothing(self._pushed)

    def _nothing(self, through: int) -> Observations:
        return Observations.none(self._video.id, self._observer.spec, through=through)

    def _boxes(self, frame: Frame) -> IntArray:
        """(N, 4) whole pixels of the source, none empty."""
        observer, scale = self._observer, self._recent.scale
        height, width = frame.image.shape[:2]
        known = rules.NONE
        if self._detector is not None:
            least = observer.foreground.least_area(round(height * width / scale**2)) * scale**2
            found = self._detector.find(frame).over(observer.certainty).box
            known = rules.uncovered(rules.sizeable(rules.widened(found, 0, width, height), least), observer.overlap)
        moving = self._foreground.boxes(self._recent, np.asarray(known / scale, np.float32)) * scale
        boxes = np.concatenate([known, rules.uncovered(moving, observer.overlap)])
        whole = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1).astype(np.int64)
        return np.clip(whole, 0, [width, height, width, height])

    def _cubes(self, members: list[int]) -> Observations:
        """Those of one frame, once all of its cube's frames are there."""
        boxes, frames = self._frames[self._about - self._base].boxes, [self._frames[place] for place in members]
        if not len(boxes) or (self._observer.motion and any(frame.flow is None for frame in frames)):
            return self._nothing(self._about + 1)
        rows = {name: torch.from_numpy(np.stack(parts)) for name, parts in self._cut(boxes, frames).items()}
        return self._report(self._about, members[-1] + self._base, boxes, rows)

    def _forget(self, positions: Seconds) -> None:
        """Forget the frames that no later cube needs."""
        place = min(self._about - self._base, len(positions) - 1)
        for _ in range(max(self._first(positions, place), 0)):
            self._frames.popleft()
            self._base += 1

    def _cut(self, boxes: IntArray, frames: list[_Seen]) -> dict[str, list[ImageArray]]:
        size = self._observer.size
        cut = {"appearance": [_appearance(frames, box, size) for box in boxes]}
        if self._observer.motion:
            scale = self._recent.scale
            cut["motion"] = [_motion(frames, box, size, scale) for box in boxes]
        return cut

    def _report(self, about: int, ready: int, boxes: IntArray, data: dict[str, Tensor]) -> Observations:
        count = len(boxes)
        return Observations(
            video=self._video.id,
            frame=np.full(count, about),
            span=np.tile([about, about + 1], (count, 1)),
            ready=np.full(count, ready),
            box=boxes.astype(np.float32),
            data=data,
            through=about + 1,
        )


def _appearance(frames: list[_Seen], box: IntArray, size: int) -> ImageArray:
    """(frames, 3, size, size) uint8."""
    x0, y0, x1, y1 = box
    return np.stack([square(frame.image[y0:y1, x0:x1], size, grey=False) for frame in frames])


def _motion(frames: list[_Seen], box: IntArray, size: int, scale: float) -> ImageArray:
    """(frames, 2, size, size) float16, in pixels of the source."""
    flows = [frame.flow for frame in frames if frame.flow is not None]
    edge = np.array(flows[0].shape[1::-1])
    x0, y0 = np.minimum(np.floor(box[:2] / scale).astype(int), edge - 1)
    x1, y1 = np.maximum(np.ceil(box[2:] / scale).astype(int), [x0 + 1, y0 + 1])
    cut = [squeezed(flow[y0:y1, x0:x1], size) for flow in flows]
    return np.asarray(np.stack(cut).transpose(0, 3, 1, 2) * scale, np.float16)
