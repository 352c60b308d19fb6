"""Any data set with frame labels, divided anew for weak supervision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from oddframe.datasets.base import SPLITS, DataSet, LabelledVideo, Labeller, Split
from oddframe.errors import DataError, SettingsError
from oddframe.types import BoolArray, VideoInfo


@dataclass(frozen=True, repr=False)
class WeakSplit(DataSet):
    """All videos of both splits of a data set, divided anew: training videos with one label each, normal and not.

    A video is abnormal if one of its frames is, or its published label says so. Of each kind, the `share` goes to
    training: so many videos, drawn by the seed, at least one and not all. Training videos have only their label;
    testing videos keep their frame labels, and what was in the old training split is normal in every frame.
    Videos are named after their old split, as `testing/07`, for both may have a video of that name.

    Args:
        dataset: the data set; its testing videos have frame labels.
        share: of the videos of each kind, 0 .. 1.
        seed: of the draw.

    Raises:
        SettingsError: a share or seed out of range.
    """

    name = "weak-split"
    citation = "divided anew by oddframe"

    dataset: DataSet
    share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.seed < 0:
            raise SettingsError(f"{self.name}: share lies between 0 and 1, and seed is at least 0; not {self!r}")
        object.__setattr__(self, "medium", self.dataset.medium)

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        videos = [video for part in SPLITS for video in self.dataset.videos(part)]
        labels = [_is_odd(video) for video in videos]
        random = np.random.default_rng(self.seed)
        taken = {*self._drawn(labels, False, random), *self._drawn(labels, True, random)}
        chosen = [place for place in range(len(videos)) if (place in taken) == (split == "training")]
        return tuple(_anew(videos[place], split, labels[place]) for place in chosen)

    def _drawn(self, labels: Sequence[bool], odd: bool, random: np.random.Generator) -> list[int]:
        """Places of this kind's training videos."""
        places = [place for place, label in enumerate(labels) if label is odd]
        if len(places) < 2:
            kind = "abnormal" if odd else "normal"
            raise DataError(
                f"{self.dataset.name}: has {len(places)} {kind} videos, and a weak split needs two and more"
            )
        count = min(max(1, round(self.share * len(places))), len(places) - 1)
        return [places[number] for number in random.permutation(len(places))[:count]]


def _is_odd(video: LabelledVideo) -> bool:
    if video.label is not None:
        return video.label
    if video.labels is not None:
        return bool(video.labels.any())
    if video.split == "testing":
        raise DataError(f"{video.name}: nobody labelled this testing video, so it is neither normal nor abnormal")
    return False


def _anew(video: LabelledVideo, split: Split, odd: bool) -> LabelledVideo:
    anew = video.named(f"{video.split}/{video.name}")
    whole = replace(anew, split=split, labeller=None, masker=None, boxer=None, label=odd)
    if split == "training":
        return whole
    return replace(whole, labeller=_labeller(video, odd), masker=video.masker, boxer=video.boxer)


def _labeller(video: LabelledVideo, odd: bool) -> Labeller:
    if video.labeller is not None:
        return video.labeller
    if odd:
        raise DataError(f"{video.name}: is labelled abnormal as a whole and has no frame labels to test on")
    return _all_normal


def _all_normal(info: VideoInfo) -> BoolArray:
    return np.zeros(info.frames or 0, np.bool_)
