"""An object detector on the frames of one video, every so many seconds."""

from __future__ import annotations

from fractions import Fraction

from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.types import Frame, Run, VideoInfo


class Paced:
    """Looks at a frame now and then; in between, what it found last is what there is.

    Args:
        detector: what looks.
        every: seconds from one look to the next, 0 or more; 0 = every frame.
        video: whose frames they are.
        run: where.
    """

    def __init__(self, detector: ObjectDetector, every: float, video: VideoInfo, run: Run = Run()) -> None:
        self._detector, self._run = detector, run
        self._frames = max(1, round(Fraction(every) * video.fps))
        self._found: Detections | None = None

    def find(self, frame: Frame) -> Detections:
        """What is in a frame. Looks at frames whose index is a multiple, so the same ones wherever a stream begins."""
        if self._found is None or frame.index % self._frames == 0:
            self._found = self._detector.find(frame.image, self._run)
        return self._found
