"""The synthetic walkway as a data set: nothing to download, and exact ground truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oddframe.datasets.base import Boxer, DataSet, LabelledBoxes, LabelledVideo, Split
from oddframe.types import BoolArray, VideoInfo
from oddframe.walkway import SyntheticClip, benchmark


@dataclass(frozen=True, repr=False)
class WalkwayDataSet(DataSet):
    """The rendered walkway: walkers are normal; a cyclist, a runner, a loiterer and a dropped object are not.

    Args:
        size: "quick" (4.4 minutes of video) or "full" (20 minutes).

    >>> [video.name for video in WalkwayDataSet().videos("testing")][:2]
    ['test-00', 'test-01']
    """

    name = "walkway"
    citation = "rendered by oddframe"

    size: str = "quick"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        clips = benchmark(self.size)
        return tuple(_labelled(clip, split) for clip in (clips.fit if split == "training" else clips.test))


def _labelled(clip: SyntheticClip, split: Split) -> LabelledVideo:
    if split == "training":
        return LabelledVideo(clip.info.id, split, lambda: clip)
    return LabelledVideo(clip.info.id, split, lambda: clip, _truth(clip), boxer=_boxes(clip))


def _truth(clip: SyntheticClip) -> Callable[[VideoInfo], BoolArray]:
    return lambda _: clip.labels


def _boxes(clip: SyntheticClip) -> Boxer:
    rows = [(frame, box) for frame, boxes in enumerate(clip.boxes) for box in boxes]
    found = LabelledBoxes(
        frame=np.array([frame for frame, _ in rows], np.int64),
        box=np.array([box.box for _, box in rows], np.float32).reshape(-1, 4),
        track=np.array([box.track for _, box in rows], np.int64),
    )
    return lambda _: found
