"""A detector that looks now and then: at the same frames wherever a stream begins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from oddframe.observers.cubes import Cubes
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.observers.detectors.paced import Paced
from oddframe.observers.foreground.flow_threshold import FlowThreshold
from oddframe.testing.observers import observe
from oddframe.testing.scenes import moving_square
from oddframe.types import Frame, ImageArray, Run, VideoInfo


class Counts(ObjectDetector):
    """Finds one more box in each picture that it sees."""

    name = "counts"

    def __init__(self) -> None:
        self.seen = 0

    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        self.seen += 1
        boxes = np.tile(np.array([8, 8, 40, 40], np.float32), (self.seen, 1))
        return Detections(boxes, np.ones(self.seen, np.float32), np.zeros(self.seen, np.int64))


def frames(first: int, count: int) -> list[Frame]:
    return [Frame(index, index / 10, np.zeros((40, 50, 3), np.uint8)) for index in range(first, first + count)]


@pytest.mark.parametrize(("every", "looks"), [(0.0, 12), (0.1, 12), (0.25, 6), (0.4, 3), (5.0, 1)])
def test_it_looks_every_so_many_seconds(every: float, looks: int) -> None:
    """At 10 frames a second, 12 frames; 0.25 s is two frames (rounded to even)."""
    detector = Counts()
    paced = Paced(detector, every, VideoInfo("v", 50, 40, Fraction(10), 12))
    found = [len(paced.find(frame)) for frame in frames(0, 12)]
    assert detector.seen == looks
    assert found == sorted(found)
    assert found[-1] == looks


def test_where_a_stream_begins_changes_nothing_but_its_first_look() -> None:
    detector = Counts()
    paced = Paced(detector, 0.4, VideoInfo("v", 50, 40, Fraction(10), 12))
    assert [len(paced.find(frame)) for frame in frames(2, 8)] == [1, 1, 2, 2, 2, 2, 3, 3]


def test_cubes_take_the_pace() -> None:
    clip, detector = moving_square(seconds=2, fps=10, speed=0), Counts()
    cubes = Cubes(size=8, foreground=FlowThreshold(), object_detector=detector, detect_every=0.5)
    assert len(observe(cubes, clip))
    assert detector.seen == 4
