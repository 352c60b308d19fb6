"""The synthetic walkway as a data set: nothing to download, and exact truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oddframe.datasets.base import DataSet, LabelledVideo, Split
from oddframe.datasets.synthetic import SyntheticClip, benchmark
from oddframe.types import BoolArray, VideoInfo


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
    labeller = _truth(clip) if split == "testing" else None
    return LabelledVideo(clip.info.id, split, lambda: clip, labeller)


def _truth(clip: SyntheticClip) -> Callable[[VideoInfo], BoolArray]:
    return lambda _: clip.labels
