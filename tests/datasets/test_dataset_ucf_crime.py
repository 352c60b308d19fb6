"""UCF-Crime: lists and annotations as published, videos at any depth, features in the packings that are passed on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.base import LabelledVideo
from oddframe.datasets.ucf_crime import UCFCrime
from oddframe.errors import DataError, SettingsError
from tests.datasets.trees import avi, common_form, features

TRUTH = "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"
TRAIN = "Abuse/Abuse001_x264.mp4\nTraining_Normal_Videos_Anomaly/Normal_Videos001_x264.mp4\n"
TEST = "Abuse/Abuse028_x264.mp4 \nArson011_x264.mp4\nTesting_Normal_Videos_Anomaly/Normal_Videos_003_x264.mp4 \n\n"
ROWS = """Abuse028_x264.mp4  Abuse  5  8  -1  -1
Arson011_x264.mp4  Arson  0  1  4  6

Normal_Videos_003_x264.mp4  Normal  -1  -1  -1  -1
"""


def lists(root: Path, splits: str = "Anomaly_Detection_splits") -> Path:
    (root / splits).mkdir(parents=True, exist_ok=True)
    (root / splits / "Anomaly_Train.txt").write_text(TRAIN)
    (root / splits / "Anomaly_Test.txt").write_text(TEST)
    (root / TRUTH).write_text(ROWS)
    return root


def original(root: Path, splits: str = "Anomaly_Detection_splits") -> Path:
    """Some archives keep their names when they are unpacked; normal videos are there again for another task."""
    for file in (
        "Anomaly-Videos-Part-1/Abuse/Abuse001_x264.mp4",
        "Anomaly-Videos-Part-1/Abuse/Abuse028_x264.mp4",
        "Videos/Arson/Arson011_x264.mp4",
        "Training-Normal-Videos-Part-1/Normal_Videos001_x264.mp4",
        "Testing_Normal_Videos_Anomaly/Normal_Videos_003_x264.mp4",
        "z_Normal_Videos_event/Normal_Videos_003_x264.mp4",
    ):
        avi(root / file, 10)
    return lists(root, splits)


def extracted(root: Path, segments: int = 1) -> Path:
    """Ten-crop I3D features, lists of another machine, and labels that other people derived."""
    for place, name in (
        ("UCF_Train_ten_crop_i3d", "Abuse001_x264"),
        ("UCF_Train_ten_crop_i3d", "Normal_Videos001_x264"),
        ("UCF_Test_ten_crop_i3d", "Abuse028_x264"),
        ("UCF_Test_ten_crop_i3d", "Arson011_x264"),
        ("UCF_Test_ten_crop_i3d", "Normal_Videos_003_x264"),
    ):
        features(root / place, f"{name}_i3d", np.ones((segments, 10, 4), np.float32))
    np.save(root / "gt-ucf.npy", np.zeros(9))
    (root / TRUTH).write_text(ROWS)
    (root / "list").mkdir()
    for file, names in (("ucf-i3d.list", TRAIN), ("ucf-i3d-test.list", TEST)):
        lines = [line.split("/")[-1].strip().replace(".mp4", "_i3d.npy") for line in names.split()]
        (root / "list" / file).write_text("".join(f"G:\\features\\{line}\n" for line in lines))
    return root


def odd(video: LabelledVideo) -> list[int]:
    assert video.labels is not None
    return np.flatnonzero(video.labels).tolist()


@pytest.mark.parametrize("splits", ["Anomaly_Detection_splits", "", "UCF_Crimes/Anomaly_Detection_splits"])
def test_the_authors_form(tmp_path: Path, splits: str) -> None:
    data = UCFCrime(original(tmp_path, splits))
    assert data.medium == "pictures"
    training = data.videos("training")
    assert [(v.name, v.label, v.labels) for v in training] == [
        ("Abuse001_x264", True, None),
        ("Normal_Videos001_x264", False, None),
    ]
    testing = data.videos("testing")
    assert [(v.name, v.label, odd(v)) for v in testing] == [
        ("Abuse028_x264", True, [4, 5, 6, 7]),
        ("Arson011_x264", True, [0, 3, 4, 5]),
        ("Normal_Videos_003_x264", False, []),
    ]
    assert {v.video.medium for v in testing} == {"pictures"}


def test_features_in_the_packing_of_ten_crops(tmp_path: Path) -> None:
    data = UCFCrime(extracted(tmp_path), features=".")
    assert data.medium == "features"
    assert [(v.name, v.label, v.labels) for v in data.videos("training")] == [
        ("Abuse001_x264", True, None),
        ("Normal_Videos001_x264", False, None),
    ]
    abuse, _, normal = data.videos("testing")
    assert (abuse.video.medium, abuse.video.info.frames, int(abuse.video.info.fps)) == ("features", 16, 30)
    assert (odd(abuse), odd(normal)) == ([4, 5, 6, 7], [])
    shapes = [frame.feature.shape for frame in abuse.video if frame.feature is not None]
    assert shapes == [(10, 4)]


@pytest.mark.parametrize("name", ["{}", "{}.mp4", "{}_i3d"])
@pytest.mark.parametrize("split_crops", [False, True])
def test_features_under_other_names(tmp_path: Path, name: str, split_crops: bool) -> None:
    lists(tmp_path)
    for video in ("Abuse028_x264", "Arson011_x264", "Normal_Videos_003_x264"):
        features(tmp_path / "c3d" / "Abuse", name.format(video), np.ones((3, 5, 2)), split_crops)
    found = UCFCrime(tmp_path, features="c3d", segment=8).videos("testing")
    assert (found[0].name, found[0].video.count()) == ("Abuse028_x264", 24)


@pytest.mark.parametrize(("last", "labels"), [(20, 16), (32, 16), (33, None)])
def test_labels_are_cut_within_a_segment_of_the_end_and_refused_beyond(
    tmp_path: Path, last: int, labels: int | None
) -> None:
    """Features leave out the frames that do not fill a segment."""
    (extracted(tmp_path) / TRUTH).write_text(ROWS.replace("5  8", f"3  {last}"))
    video = UCFCrime(tmp_path, features=".").videos("testing")[0]
    if labels:
        assert odd(video) == list(range(2, labels))
    else:
        with pytest.raises(DataError, match=r"Videos\.txt: 17 frames more than video 'Abuse028_x264' \(33 to 16\)"):
            _ = video.labels


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS.replace("Arson011", "Arson012"), r"Videos\.txt: has no row for test video 'Arson011_x264'"),
        (ROWS.replace("5  8", "5"), r"Videos\.txt:1: a row is a video, a class and four frames"),
        (ROWS.replace("5  8", "5  x"), r"Videos\.txt:1: a row is a video"),
        (ROWS.replace("4  6", "6  4"), r"Videos\.txt:2: a range runs from its first to its last frame"),
        (None, r"Videos\.txt: missing; when the test videos are abnormal"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path: Path, rows: str | None, message: str) -> None:
    file = original(tmp_path) / TRUTH
    file.unlink() if rows is None else file.write_text(rows)
    with pytest.raises(DataError, match=message):
        UCFCrime(tmp_path).videos("testing")


def test_a_video_that_is_missing_or_there_twice_is_named(tmp_path: Path) -> None:
    original(tmp_path)
    file = tmp_path / "Videos" / "Arson" / "Arson011_x264.mp4"
    shutil.copy(file, tmp_path / "Arson011_x264.mp4")
    with pytest.raises(DataError, match=r"'Arson011_x264' is there 2 times, as .*; keep one of them"):
        UCFCrime(tmp_path).videos("testing")
    file.unlink()
    assert len(UCFCrime(tmp_path).videos("testing")) == 3
    (tmp_path / "Arson011_x264.mp4").unlink()
    with pytest.raises(DataError, match=r"Anomaly_Test\.txt: names 'Arson011_x264', which is missing"):
        UCFCrime(tmp_path).videos("testing")


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"Abuse001_x264": 2, "Normal_Videos001_x264": 2}, {"Abuse028_x264": 4})
    (tmp_path / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\nAbuse028_x264,1,3\n")
    assert [(v.name, v.label) for v in UCFCrime(tmp_path).videos("training")] == [
        ("Abuse001_x264", True),
        ("Normal_Videos001_x264", False),
    ]
    assert odd(UCFCrime(tmp_path).videos("testing")[0]) == [1, 2]


def test_another_layout_or_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected Videos/Abuse/\*\.mp4.*Anomaly_Train\.txt.*; found clips/"):
        UCFCrime(tmp_path).videos("training")
    with pytest.raises(SettingsError, match="ucf-crime: segment is at least 1, not 0"):
        UCFCrime(tmp_path, segment=0)
