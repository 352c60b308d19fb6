"""Any data set without its labels: a detector is tested on the videos that it was fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from oddframe.datasets.base import SPLITS, DataSet, LabelledVideo, Split
from oddframe.errors import SettingsError


@dataclass(frozen=True, repr=False)
class Unlabelled(DataSet):
    """The videos of a data set, without labels for training (paper LBR-SPR, "unsupervised").

    The testing split stays as it is. Training videos are named after their old split, as `testing/07`, for both may
    have a video of that name.

    Args:
        dataset: the data set; its testing videos have frame labels.
        setting: the training videos: "test" = the testing videos themselves, "merge" = both splits.

    Raises:
        SettingsError: another setting.
    """

    name = "unlabelled"
    citation = "Yu, Wang, Cai, Liu, Xu, Wu: Deep Anomaly Discovery from Unlabeled Videos via Normality Advantage. 2022"

    dataset: DataSet
    setting: Literal["test", "merge"] = "test"

    def __post_init__(self) -> None:
        if self.setting not in ("test", "merge"):
            raise SettingsError(f"{self.name}: setting {self.setting!r}: choose test or merge")
        object.__setattr__(self, "medium", self.dataset.medium)

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        if split == "testing":
            return self.dataset.videos("testing")
        parts = SPLITS if self.setting == "merge" else ("testing",)
        return tuple(_bare(video) for part in parts for video in self.dataset.videos(part))


def _bare(video: LabelledVideo) -> LabelledVideo:
    """The video without its labels."""
    anew = video.named(f"{video.split}/{video.name}")
    return replace(anew, split="training", labeller=None, masker=None, boxer=None, label=None)
