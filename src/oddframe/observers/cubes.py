"""The cubes observer: each thing in the foreground, cut from a few frames around the moment."""

from __future__ import annotations

from fractions import Fraction

import torch

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.cube_stream import CubeStream
from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.foreground.base import Foreground
from oddframe.observers.foreground.motion import Motion
from oddframe.types import Field, Run, Spec, VideoInfo, Window


class Cubes(Observer):
    """Gives one observation a box and frame: the same box cut from the frames around it, resized (paper LBR-SPR, 3.2).

    - `appearance` (before + 1 + after, 3, `size`, `size`) uint8, RGB, oldest first, squeezed to a square: averaged
      where it shrinks, interpolated where it grows;
    - `motion` (before + 1 + after, 2, `size`, `size`) float16, where it is asked for: of each of these frames, by how
      many pixels of the source, to the right and down, what is there has come since the frame of a cube before it.
      Inverse-search flow at the foreground's working size, resized as the pictures are; the paper has FlowNet2's, from
      which its errors differ, but not its unit.

    Of a video's first and last frames, around which there are not enough, nothing is said: they get the score of the
    nearest judged frame, where the paper repeats frames.

    Args:
        before, after: frames of a cube before and after the one that it is about.
        size: pixels of each side.
        motion: whether to give `motion`.
        interval: seconds from one frame of a cube to the next; 0 = consecutive frames, at whatever rate, as papers do.
        foreground: what finds boxes of what moves; `Motion` where None is given.
        object_detector: what finds boxes of what it knows; motion is then looked for outside of these alone.
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
        certainty: float = 0.2,
        overlap: float = 0.6,
    ) -> None:
        if min(before, after, interval) < 0 or size < 1:
            raise SettingsError("cubes: before, after and interval are 0 or more, size is 1 or more")
        if not 0 <= certainty < 1 or not 0 < overlap <= 1:
            raise SettingsError("cubes: certainty lies in 0 .. 1 and overlap over 0, up to 1")
        self.before, self.after, self.size, self.motion, self.interval = before, after, size, motion, interval
        self.foreground, self.object_detector = foreground or Motion(), object_detector
        self.certainty, self.overlap = certainty, overlap

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
        """Frames from one of a cube to the next."""
        return max(1, round(Fraction(self.interval) * video.fps))

    def window(self, video: VideoInfo) -> Window:
        """All frames from the first that the foreground or the flow needs to the cube's last."""
        gap = self.gap(video)
        behind = max((self.before + self.motion) * gap, self.foreground.behind(video))
        return Window(length=behind + 1 + self.after * gap, about=behind)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return CubeStream(self, video, run)
