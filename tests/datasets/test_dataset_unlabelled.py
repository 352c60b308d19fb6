"""A pile without labels: training may look at what is tested, and at nothing that is known about it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from oddframe import catalog
from oddframe.datasets.base import DataSet, LabelledVideo, Split
from oddframe.datasets.unlabelled import Unlabelled
from oddframe.errors import SettingsError
from oddframe.video import ArrayVideo, Video

COUNTS = {"training": 3, "testing": 2}


class Labelled(DataSet):
    """Videos of both splits, named alike, every one of another brightness and with all that can be known."""

    name = "labelled"
    citation = "none"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        return tuple(self._video(split, number) for number in range(COUNTS[split]))

    def _video(self, split: Split, number: int) -> LabelledVideo:
        def opener() -> Video:
            return ArrayVideo(np.full((4, 16, 16, 3), number + 10 * (split == "testing"), np.uint8), name=str(number))

        return LabelledVideo(
            str(number),
            split,
            opener,
            labeller=lambda _: np.ones(4, np.bool_),
            masker=lambda _: iter(np.ones((4, 16, 16), np.bool_)),
            label=True,
        )


def brightness(video: LabelledVideo) -> int:
    return int(next(iter(video.video)).image[0, 0, 0])


def test_in_the_test_setting_training_sees_the_test_videos_and_no_others() -> None:
    pile = Unlabelled(Labelled(), "test").videos("training")
    assert [brightness(video) for video in pile] == [10, 11]


def test_in_the_merge_setting_training_sees_both_splits_whose_names_differ() -> None:
    pile = Unlabelled(Labelled(), "merge").videos("training")
    assert [brightness(video) for video in pile] == [0, 1, 2, 10, 11]
    names = ["training/0", "training/1", "training/2", "testing/0", "testing/1"]
    assert [video.name for video in pile] == [video.video.info.id for video in pile] == names


@pytest.mark.parametrize("setting", ["test", "merge"])
def test_nothing_that_is_known_of_a_video_reaches_training(setting: str) -> None:
    for video in Unlabelled(Labelled(), setting).videos("training"):  # type: ignore[arg-type]
        known = (video.labels, video.label, video.masker, video.boxer)
        assert (video.split, *known) == ("training", None, None, None, None)


def test_the_testing_split_stays_as_it_is() -> None:
    tested = Unlabelled(Labelled(), "merge").videos("testing")
    assert [video.name for video in tested] == ["0", "1"]
    assert all(video.labels is not None and video.labels.all() and video.has_masks for video in tested)


def test_another_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="choose test or merge"):
        Unlabelled(Labelled(), "train")  # type: ignore[arg-type]


def test_it_can_be_named_by_its_settings_alone() -> None:
    settings = json.loads(json.dumps({"dataset": {"name": "walkway", "settings": {}}, "setting": "merge"}))
    made = catalog.build("dataset", "unlabelled", settings)
    assert catalog.build("dataset", "unlabelled", made.settings()).identity() == made.identity()
