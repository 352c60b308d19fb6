"""A tiny data set: a blob walks to and fro; in the odd test videos it walks elsewhere for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from oddframe.bench.contestant import Contestant
from oddframe.datasets.base import DataSet, LabelledBoxes, LabelledVideo, Split
from oddframe.datasets.formats.labels import from_ranges
from oddframe.engine.detector import Detector
from oddframe.models.source import ObservationSource
from oddframe.scoring import Scoring
from oddframe.types import Run, VideoInfo
from oddframe.video import ArrayVideo
from tests.engine.fakes import Blob, Nearest, video, walk

ODD = {"odd": (20, 35), "odder": (5, 30)}
FRAMES = 60


@dataclass(frozen=True, repr=False)
class Strip(DataSet):
    """Five normal videos; two odd ones and a usual one to test.

    Args:
        tests: the test videos' names.
        late: frames by which labels come too late.
        labelled: whether anybody labelled.
        spoilt: how many training videos are labelled abnormal.
    """

    name = "strip"
    citation = "nobody"

    tests: Sequence[str] = ("odd", "odder", "usual")
    late: int = 0
    labelled: bool = True
    spoilt: int = 0

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        if split == "training":
            return tuple(
                LabelledVideo(f"n{n}", split, partial(opened, f"n{n}", 3 * n), label=n < self.spoilt) for n in range(5)
            )
        return tuple(self._test(name, 7 * number) for number, name in enumerate(self.tests))

    def _test(self, name: str, start: int) -> LabelledVideo:
        first, last = (frame + self.late for frame in ODD.get(name, (0, 0)))
        labeller = from_ranges(Path("labels.csv"), [(first, last)] if name in ODD else []) if self.labelled else None
        return LabelledVideo(name, "testing", partial(opened, name, start), labeller, boxer=_boxer(name, start))


def opened(name: str, start: int) -> ArrayVideo:
    """The video of that name."""
    xs = walk(FRAMES, start)
    first, last = ODD.get(name, (0, 0))
    images, lower = (np.stack([frame.image for frame in video(name, xs, y=y)]) for y in (20, 38))
    images[first:last] = lower[first:last]
    return ArrayVideo(images, fps=10, name=name)


def _boxer(name: str, start: int) -> Callable[[VideoInfo], LabelledBoxes]:
    frames = np.arange(*ODD.get(name, (0, 0)))
    xs = np.array(walk(FRAMES, start), np.float32)[frames]
    box = np.stack([xs, np.full(len(xs), 38), xs + 6, np.full(len(xs), 44)], 1).astype(np.float32)
    return lambda _: LabelledBoxes(frames, box, np.zeros(len(frames), np.int64))


class CountedNearest(Nearest):
    """Remembers each training."""

    trained: ClassVar[list[int]] = []

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self.trained.append(len(data))
        return super().train(data, run)


def blob(title: str = "blob", scale: float = 1.0) -> Contestant:
    """A contestant that is not fitted yet."""
    scoring = Scoring(alarm_rate=0.1)  # of which six seconds of held-out video can speak
    return Contestant(title, Detector(observer=Blob(), model=CountedNearest(scale), scoring=scoring), None, "causal")
