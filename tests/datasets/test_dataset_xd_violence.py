"""XD-Violence: labels in file names, splits in folders, when it happens in one list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.base import LabelledVideo
from oddframe.datasets.xd_violence import XDViolence
from oddframe.errors import DataError
from tests.datasets.trees import avi, common_form, features

CALM = "A.Beautiful.Mind.2001__#00-25-20_00-29-20_label_A"
SHOTS = "Bad.Boys.1995__#01-33-51_01-34-37_label_B2-0-0"
RIOT = "v=-fOWSLV6Esw__#1_label_B4-0-0"
QUIET = "v=wQrV75N2BrI__#1_label_A"
ROWS = f"{RIOT} 2 5 7 8\n\nother_label_G-0-0.mp4 1 2\n"


def original(root: Path, test: str = "videos") -> Path:
    avi(root / "1-1004" / f"{CALM}.mp4", 3)
    avi(root / "1005-2004" / f"{SHOTS}.mp4", 3)
    avi(root / test / f"{RIOT}.mp4", 8)
    avi(root / test / f"{QUIET}.mp4", 4)
    (root / "annotations.txt").write_text(ROWS)
    return root


def odd(video: LabelledVideo) -> list[int]:
    assert video.labels is not None
    return np.flatnonzero(video.labels).tolist()


@pytest.mark.parametrize("test", ["videos", "test_videos", "test"])
def test_the_authors_form(tmp_path: Path, test: str) -> None:
    data = XDViolence(original(tmp_path, test))
    assert data.medium == "pictures"
    training = data.videos("training")
    assert [(v.name, v.label, v.labels) for v in training] == [(CALM, False, None), (SHOTS, True, None)]
    testing = data.videos("testing")
    assert [(v.name, v.label, odd(v)) for v in testing] == [(RIOT, True, [2, 3, 4, 7]), (QUIET, False, [])]


@pytest.mark.parametrize(("folders", "split_crops"), [(("RGB", "RGBTest"), True), (("1-1004", "test_videos"), False)])
def test_features_one_a_crop_or_one_a_video(tmp_path: Path, folders: tuple[str, str], split_crops: bool) -> None:
    """Five crops of two segments; the features of another kind beside them stay aside."""
    (tmp_path / "annotations.txt").write_text(ROWS)
    place = tmp_path / "i3d-features"
    for folder, name in zip((folders[0],) * 2 + (folders[1],) * 2, (CALM, SHOTS, RIOT, QUIET), strict=True):
        features(place / folder, name, np.ones((2, 5, 3), np.float32), split_crops)
    features(place / "FlowTest", RIOT, np.ones((2, 5, 3), np.float32), split_crops)
    data = XDViolence(tmp_path, features="i3d-features")
    assert data.medium == "features"
    assert [(v.name, v.label, v.labels) for v in data.videos("training")] == [(CALM, False, None), (SHOTS, True, None)]
    testing = data.videos("testing")
    assert [(v.name, v.label, odd(v)) for v in testing] == [(RIOT, True, [2, 3, 4, 7]), (QUIET, False, [])]
    assert (testing[0].video.info.frames, int(testing[0].video.info.fps)) == (32, 24)
    assert [frame.feature.shape for frame in testing[0].video if frame.feature is not None] == [(5, 3)] * 2


@pytest.mark.parametrize(("end", "message"), [(48, None), (49, r"annotations\.txt: 17 frames more than video 'v=")])
def test_labels_are_cut_within_a_segment_of_the_end(tmp_path: Path, end: int, message: str | None) -> None:
    (tmp_path / "annotations.txt").write_text(f"{RIOT} 30 {end}\n")
    features(tmp_path / "RGBTest", RIOT, np.ones((2, 3)))
    (video,) = XDViolence(tmp_path, features=".").videos("testing")
    if message is None:
        assert odd(video) == [30, 31]
    else:
        with pytest.raises(DataError, match=message):
            _ = video.labels


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", rf"annotations\.txt: has no row for test video '{RIOT}'"),
        (f"{RIOT}\n", r"annotations\.txt:1: a row is a video and pairs of frames"),
        (f"{RIOT} 1 2 3\n", r"annotations\.txt:1: a row is"),
        (f"{RIOT} 1 x\n", r"annotations\.txt:1: a row is"),
        (f"{RIOT} 5 2\n", r"annotations\.txt:1: a row is"),
        (None, r"annotations\.txt: missing; when the test videos are abnormal"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path: Path, rows: str | None, message: str) -> None:
    file = original(tmp_path) / "annotations.txt"
    file.unlink() if rows is None else file.write_text(rows)
    with pytest.raises(DataError, match=message):
        XDViolence(tmp_path).videos("testing")


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {CALM: 2, SHOTS: 2}, {RIOT: 4})
    (tmp_path / "labels.csv").write_text(f"clip,first_abnormal_frame,end_exclusive\n{RIOT},1,3\n")
    assert [(v.name, v.label) for v in XDViolence(tmp_path).videos("training")] == [(CALM, False), (SHOTS, True)]
    (video,) = XDViolence(tmp_path).videos("testing")
    assert (odd(video), video.label) == ([1, 2], True)


def test_another_layout_is_shown(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected 1-1004/\*\.mp4 \.\.\., videos/\*\.mp4.*; found clips/"):
        XDViolence(tmp_path).videos("training")
    with pytest.raises(DataError, match=r"clips: not XD-Violence.*expected RGB/\*__0\.npy.*; found an empty folder"):
        XDViolence(tmp_path, features="clips").videos("testing")
