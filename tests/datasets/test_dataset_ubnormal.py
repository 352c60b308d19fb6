"""UBnormal: scenes in folders, splits in lists, abnormal objects by number and time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.ubnormal import UBnormal
from oddframe.errors import DataError
from oddframe.video import write_image
from tests.datasets.trees import SIZE, avi, common_form

FOG = "abnormal_scene_2_scenario_1_fog"
TRACKS = Path("Scene2") / f"{FOG}_annotations" / f"{FOG}_tracks.txt"


def original(root: Path, lists: str = "scripts") -> Path:
    """Object 7 is abnormal in frames 1 and 2, object 9 in frame 2; object 3 is always there and never abnormal."""
    for scene, name in ((1, "normal_scene_1_scenario1_10"), (2, "normal_scene_2_scenario_2"), (2, FOG)):
        avi(root / f"Scene{scene}" / f"{name}.mp4", 4)
    (root / lists).mkdir(exist_ok=True)
    (root / lists / "normal_training_video_names.txt").write_text("normal_scene_1_scenario1_10\n")
    (root / lists / "normal_test_video_names.txt").write_text("normal_scene_2_scenario_2")
    (root / lists / "abnormal_test_video_names.txt").write_text(f"{FOG}\n")
    (root / TRACKS).parent.mkdir()
    (root / TRACKS).write_text("7.000,1.000,2.000\n9,2,2\n\n")
    for frame in range(4):
        objects = np.zeros(SIZE, np.uint8)
        objects[0, :3], objects[2, :5], objects[4, :6] = 3, 7, 9
        write_image((root / TRACKS).parent / f"{FOG}_{frame:04}_gt.png", objects)
    return root


@pytest.mark.parametrize(("below", "lists"), [("", "scripts"), ("", "."), ("UBnormal", "scripts")])
def test_the_authors_form(tmp_path: Path, below: str, lists: str) -> None:
    original(tmp_path / below, lists)
    (training,) = UBnormal(tmp_path).videos("training")
    assert (training.name, training.labels, training.has_masks) == ("normal_scene_1_scenario1_10", None, False)
    abnormal, normal = UBnormal(tmp_path).videos("testing")
    assert (abnormal.name, normal.name) == (FOG, "normal_scene_2_scenario_2")
    assert abnormal.labels is not None
    assert normal.labels is not None
    assert abnormal.labels.tolist() == [False, True, True, False]
    assert normal.labels.tolist() == [False] * 4
    assert [int(mask.sum()) for mask in abnormal.masks()] == [0, 5, 11, 0]
    assert [int(mask.sum()) for mask in normal.masks()] == [0, 0, 0, 0]


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"normal_scene_1_scenario_1": 2}, {FOG: 4})
    (tmp_path / "labels.csv").write_text(f"clip,first_abnormal_frame,end_exclusive\n{FOG},1,2\n")
    assert [video.name for video in UBnormal(tmp_path).videos("training")] == ["normal_scene_1_scenario_1"]
    (video,) = UBnormal(tmp_path).videos("testing")
    assert video.labels is not None
    assert video.labels.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ("7,1\n", r"_tracks\.txt:1: a row is object,first,last, not '7,1'"),
        ("7,1,2\n7,a,3\n", r"_tracks\.txt:2: a row is object,first,last, not '7,a,3'"),
        ("7,1,inf\n", r"_tracks\.txt:1: a row is"),
        ("7,3,2\n", r"_tracks\.txt:1: a range runs"),
    ],
)
def test_damaged_tracks_are_refused(tmp_path: Path, tracks: str, message: str) -> None:
    (original(tmp_path) / TRACKS).write_text(tracks)
    with pytest.raises(DataError, match=message):
        UBnormal(tmp_path).videos("testing")


def test_tracks_that_reach_past_the_end_say_by_how_much(tmp_path: Path) -> None:
    (original(tmp_path) / TRACKS).write_text("7,1,5\n")
    with pytest.raises(DataError, match=rf"_tracks\.txt: 2 frames more than video '{FOG}' \(6 to 4\)"):
        _ = UBnormal(tmp_path).videos("testing")[0].labels


@pytest.mark.parametrize(
    "missing", [TRACKS, Path("Scene2") / f"{FOG}.mp4", Path("scripts/abnormal_test_video_names.txt")]
)
def test_what_is_missing_is_named(tmp_path: Path, missing: Path) -> None:
    (original(tmp_path) / missing).unlink()
    with pytest.raises(DataError, match=rf"{missing.name}: missing; "):
        UBnormal(tmp_path).videos("testing")


def test_a_missing_mask_is_named_when_it_is_needed(tmp_path: Path) -> None:
    folder = (original(tmp_path) / TRACKS).parent
    (folder / f"{FOG}_0000_gt.png").unlink()
    abnormal, _ = UBnormal(tmp_path).videos("testing")
    assert len(list(abnormal.masks())) == 4
    (folder / f"{FOG}_0002_gt.png").unlink()
    with pytest.raises(DataError, match=r"_0002_gt\.png: missing"):
        list(abnormal.masks())


def test_another_name_or_layout_is_refused(tmp_path: Path) -> None:
    (original(tmp_path) / "scripts" / "normal_training_video_names.txt").write_text("walk_1\n")
    with pytest.raises(DataError, match="the lists name a video 'walk_1'"):
        UBnormal(tmp_path).videos("training")
    with pytest.raises(DataError, match=r"not UBnormal; expected Scene1/\*\.mp4.*found normal_scene"):
        UBnormal(tmp_path / "Scene1").videos("training")
