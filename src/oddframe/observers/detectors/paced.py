"""An object detector that looks now and then: it is slow, and in a quarter of a second hardly anything changes."""

from __future__ import annotations

from fractions import Fraction

from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.types import HALF, Frame, Run, VideoInfo, position


class Beat:
    """Says which frames are due for what happens now and then, by the clock: the same ones wherever a stream begins.

    Args:
        every: seconds from one to the next; at least one frame at the nominal rate.
        video: whose frames they are.

    >>> beat = Beat(0.4, VideoInfo("v", 8, 8, Fraction(10)))
    >>> [number for number in range(9) if beat.due(number / 10)]
    [0, 4, 8]
    """

    def __init__(self, every: float, video: VideoInfo) -> None:
        self._fps, self._frames = video.fps, max(1, round(Fraction(every) * video.fps))
        self._last = -1

    def due(self, time: float) -> bool:
        """Whether the next frame, at this time in seconds, is the first of its beat."""
        beat = int((float(position(time, self._fps)) + HALF) // self._frames)
        due, self._last = beat > self._last, beat
        return due


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
        self._beat = Beat(every, video) if every else None
        self._found: Detections | None = None

    def find(self, frame: Frame) -> Detections:
        """Find what is in the next frame, or was in the last one that was looked at."""
        if self._beat is None or self._beat.due(frame.time) or self._found is None:
            self._found = self._detector.find(frame.image, self._run)
        return self._found
