"""Weak splits: every video in one place, both kinds in both splits, and no frame label where training could see it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe import catalog
from oddframe.datasets.base import DataSet, LabelledVideo, Split
from oddframe.datasets.walkway_tracks import WalkwayTracks
from oddframe.datasets.weak_split import WeakSplit
from oddframe.errors import DataError, SettingsError
from oddframe.types import VideoInfo
from oddframe.video import ArrayVideo, Video


class Labelled(DataSet):
    """Six normal training videos and four testing videos, three of them odd; all named by numbers."""

    name = "labelled"
    citation = "none"

    def __init__(self, odd: int = 3) -> None:
        self.odd = odd

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        count = 6 if split == "training" else 4
        return tuple(self._video(split, number) for number in range(count))

    def _video(self, split: Split, number: int) -> LabelledVideo:
        def opener() -> Video:
            return ArrayVideo(np.full((4, 16, 16, 3), number + 10 * (split == "testing"), np.uint8), name=str(number))

        def labels(info: VideoInfo) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
            return (np.arange(info.frames or 0) > 1) & (number < self.odd)

        return LabelledVideo(str(number), split, opener, labels if split == "testing" else None)


@given(st.integers(0, 20), st.floats(0.05, 0.95))
def test_every_video_is_in_one_split_and_both_have_both_kinds(seed: int, share: float) -> None:
    split = WeakSplit(Labelled(), share, seed)
    training, testing = split.videos("training"), split.videos("testing")
    assert len({video.name for video in (*training, *testing)}) == 10
    for part in (training, testing):
        assert {video.label for video in part} == {False, True}


def test_training_videos_have_one_label_and_nothing_else() -> None:
    assert all(video.labels is None and not video.has_masks for video in WeakSplit(Labelled()).videos("training"))


def test_testing_videos_keep_their_frame_labels_and_normal_ones_are_normal_throughout() -> None:
    for video in WeakSplit(Labelled()).videos("testing"):
        assert video.labels is not None
        assert video.labels.tolist() == ([False, False, True, True] if video.label else [False] * 4)


def test_a_seed_is_a_split() -> None:
    names = [[video.name for video in WeakSplit(Labelled(), seed=seed).videos("training")] for seed in (0, 0, 1)]
    assert names[0] == names[1]
    assert names[0] != names[2]


def test_videos_of_one_name_are_told_apart_and_keep_their_content() -> None:
    videos = [video for part in ("training", "testing") for video in WeakSplit(Labelled()).videos(part)]
    assert all(video.video.info.id == video.name for video in videos)
    first = {video.name: next(iter(video.video)).image[0, 0, 0] for video in videos}
    assert (first["training/2"], first["testing/2"]) == (2, 12)


def test_a_kind_of_which_there_is_one_cannot_be_split() -> None:
    with pytest.raises(DataError, match="labelled: has 1 abnormal videos"):
        WeakSplit(Labelled(odd=1)).videos("training")


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.0}, {"seed": -1}], ids=str)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        WeakSplit(Labelled(), **wrong)  # type: ignore[arg-type]


def test_a_split_is_built_from_the_command_line_s_words(tmp_path: Path) -> None:
    settings = catalog.merged({}, {"dataset": "ped2", "dataset.root": str(tmp_path), "seed": "3"})
    split = catalog.build("dataset", "weak-split", settings)
    assert split.medium == "pictures"
    assert json.loads(json.dumps(split.settings()))["dataset"]["settings"]["root"] == str(tmp_path)
    assert catalog.build("dataset", "weak-split", split.settings()).identity() == split.identity()


def test_the_walkway_s_tracks_are_the_same_again_and_odd_where_their_label_says_so() -> None:
    data = WalkwayTracks(training=2, testing=4, seconds=20)
    for video, again in zip(data.videos("testing"), data.videos("testing"), strict=True):
        assert video.labels is not None
        assert bool(video.labels.any()) == video.label
        assert video.video.digest() == again.video.digest()
    assert all(video.labels is None for video in data.videos("training"))
    others = WalkwayTracks(training=2, testing=4, seconds=20, seed=1).videos("training")
    assert others[0].video.digest() != data.videos("training")[0].video.digest()
