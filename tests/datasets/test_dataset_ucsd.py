"""Ped1 and Ped2 as their authors pack them, as they are passed on, and what is said when something does not fit."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from oddframe.datasets.base import LabelledVideo
from oddframe.datasets.formats import labels
from oddframe.datasets.ucsd import Ped1, Ped2
from oddframe.errors import DataError, SettingsError
from oddframe.types import VideoInfo
from oddframe.video import open_video, write_image
from tests.datasets.trees import cells, common_form, mask_pictures, pictures

SCRIPT = """% annotation
TestVideoFile = {};
TestVideoFile{end+1}.gt_frame = [3:4];
TestVideoFile{end+1}.gt_frame = [1:2, 5:5];
"""


def odd(video: LabelledVideo) -> list[int]:
    assert video.labels is not None
    return np.flatnonzero(video.labels).tolist()


def original(root: Path) -> Path:
    """UCSDped2 with what its archive also holds: resource forks of the computer it was packed on."""
    for clip in (1, 2):
        pictures(root / "Train" / f"Train00{clip}", 4, ".tif", first=1)
        pictures(root / "Test" / f"Test00{clip}", 5, ".tif", first=1)
        (root / "Test" / f"Test00{clip}" / "._001.tif").write_bytes(b"\0\5\26\7")
    mask_pictures(root / "Test" / "Test001_gt", 5, [2, 3], ".bmp", first=1)
    mask_pictures(root / "Test" / "Test002_gt", 5, [0, 1, 4], ".bmp", first=1)
    (root / "Test" / "UCSDped2.m").write_text(SCRIPT)
    (root / "Test" / ".DS_Store").write_bytes(b"")
    return root


def passed_on(root: Path) -> Path:
    common_form(root, {"01": 4}, {"01": 5, "02": 6})
    mask_pictures(root / "testing" / "masks" / "01", 5, [2, 3], ".png")
    (root / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\n01,2,4\n02,0,1\n02,5,6\n")
    return root


@pytest.mark.parametrize("below", ["", "UCSDped2", "UCSD_Anomaly_Dataset.v1p2/UCSDped2"])
def test_the_authors_form(tmp_path: Path, below: str) -> None:
    original(tmp_path / below)
    data = Ped2(tmp_path)
    assert [(v.name, v.labels, v.has_masks) for v in data.videos("training")] == [
        ("Train001", None, False),
        ("Train002", None, False),
    ]
    first, second = data.videos("testing")
    assert (first.video.info.id, first.video.info.fps, first.video.info.frames) == ("Test001", Fraction(10), 5)
    assert odd(first) == [2, 3]
    assert odd(second) == [0, 1, 4]
    for video in (first, second):
        shown = np.stack(list(video.masks()))
        assert np.array_equal(shown.any((1, 2)), video.labels)  # type: ignore[arg-type]
        assert shown.sum() == 4 * len(odd(video))


def test_the_common_form_with_a_table(tmp_path: Path) -> None:
    data = Ped2(passed_on(tmp_path))
    assert [v.name for v in data.videos("training")] == ["01"]
    first, second = data.videos("testing")
    assert (odd(first), odd(second)) == ([2, 3], [0, 5])
    assert (first.has_masks, second.has_masks) == (True, False)
    with pytest.raises(DataError, match="has no pixel masks"):
        next(second.masks())


def test_the_common_form_with_matlab_cells(tmp_path: Path) -> None:
    common_form(tmp_path, {"01": 4}, {"01": 5, "02": 6, "03": 3})
    gt = cells([np.array([[3], [4]], np.uint16), np.array([[1.0, 6.0], [1.0, 6.0]]), np.zeros((0, 0))])
    savemat(tmp_path / "ped2.mat", {"gt": gt})
    assert [odd(v) for v in Ped2(tmp_path).videos("testing")] == [[2, 3], [0, 5], []]


def test_ped1_has_masks_for_some_clips_only(tmp_path: Path) -> None:
    root = original(tmp_path / "UCSDped1")
    (root / "Test" / "UCSDped2.m").rename(root / "Test" / "UCSDped1.m")
    for mask in (root / "Test" / "Test002_gt").iterdir():
        mask.unlink()
    (root / "Test" / "Test002_gt").rmdir()
    assert [v.has_masks for v in Ped1(root).videos("testing")] == [True, False]


def test_nothing_is_opened_before_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Ped2(passed_on(tmp_path))
    asked: list[Path] = []
    monkeypatch.setattr("oddframe.video.folder.read_picture", asked.append)
    monkeypatch.setattr("oddframe.datasets.formats.labels.read_image", asked.append)
    videos = data.videos("training") + data.videos("testing")
    assert len(videos) == 3
    assert asked == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "labels.csv").unlink(), r"labels\.csv: missing; .* may also be in ped2\.mat"),
        (lambda root: (root / "labels.csv").write_text("clip,start,end\n01,1,2\n"), "the first line must be clip,"),
        (lambda root: add(root, "03,1,2\n"), r"labels\.csv:5: there is no clip '03'; there are 01, 02"),
        (lambda root: add(root, "02,4,2\n"), r"labels\.csv:5: a range runs from"),
        (lambda root: add(root, "02,4,x\n"), r"labels\.csv:5: frames are whole numbers"),
        (lambda root: add(root, "02,4\n"), r"labels\.csv:5: a value is missing"),
        (lambda root: pictures(root / "testing" / "frames" / "03", 2), "no row for clip '03'"),
    ],
)
def test_damaged_tables_are_refused_at_once(tmp_path: Path, change: Callable[[Path], object], message: str) -> None:
    change(passed_on(tmp_path))
    with pytest.raises(DataError, match=message):
        Ped2(tmp_path).videos("testing")


def add(root: Path, row: str) -> None:
    with (root / "labels.csv").open("a") as table:
        table.write(row)


def test_labels_that_reach_past_the_end_say_by_how_much(tmp_path: Path) -> None:
    add(passed_on(tmp_path), "02,5,9\n")
    (_, second) = Ped2(tmp_path).videos("testing")
    with pytest.raises(DataError, match=r"labels\.csv: 3 frames more than video '02' \(9 to 6\); the video lacks"):
        _ = second.labels


def test_masks_of_another_number_or_size_are_refused(tmp_path: Path) -> None:
    (first, _) = Ped2(passed_on(tmp_path)).videos("testing")
    folder = tmp_path / "testing" / "masks" / "01"
    (folder / "004.png").unlink()
    with pytest.raises(DataError, match=r"1 frames fewer than video '01' \(4 to 5\); the labels lack frames"):
        list(first.masks())
    write_image(folder / "004.png", np.zeros((5, 7), np.uint8))
    with pytest.raises(DataError, match="mask 4 is 7 x 5 where the video is 24 x 16"):
        list(first.masks())
    write_image(folder / "004.png", np.zeros((16, 24), np.uint8))
    write_image(folder / "005.png", np.zeros((16, 24), np.uint8))
    with pytest.raises(DataError, match="1 frames more"):
        list(first.masks())


@pytest.mark.parametrize(
    ("gt", "message"),
    [
        (cells([np.array([[3], [4]])]), "gt has 1 cells for 2 test videos"),
        (cells([np.array([[3], [4]]), np.array([[3, 4, 5]])]), r"cell of video '02' is \(1, 3\)"),
        (cells([np.array([[3], [4]]), np.array([[0], [4]])]), "from its first to its last frame, not 0 4"),
    ],
)
def test_cells_that_do_not_fit_are_refused(tmp_path: Path, gt: object, message: str) -> None:
    (passed_on(tmp_path) / "labels.csv").unlink()
    savemat(tmp_path / "ped2.mat", {"gt": gt})
    with pytest.raises(DataError, match=message):
        Ped2(tmp_path).videos("testing")


def test_a_damaged_matlab_file_is_refused(tmp_path: Path) -> None:
    (passed_on(tmp_path) / "labels.csv").unlink()
    (tmp_path / "ped2.mat").write_bytes(b"<html>" * 100)
    with pytest.raises(DataError, match=r"ped2\.mat: not a readable MATLAB file"):
        Ped2(tmp_path).videos("testing")
    savemat(tmp_path / "ped2.mat", {"labels": 1})
    with pytest.raises(DataError, match=r"ped2\.mat: has no variable gt, only labels"):
        Ped2(tmp_path).videos("testing")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (SCRIPT + SCRIPT, "tells of 4 clips where there are 2"),
        (SCRIPT.replace("5:5", "5:a"), "clip Test002: '5:a' is not a range"),
        (SCRIPT.replace("5:5", "5:4"), "clip Test002: '5:4' is not a range"),
        (None, r"UCSDped2\.m: missing"),
    ],
)
def test_the_authors_script_is_read_strictly(tmp_path: Path, script: str | None, message: str) -> None:
    file = original(tmp_path) / "Test" / "UCSDped2.m"
    if script is None:
        file.unlink()
    else:
        file.write_text(script)
    with pytest.raises(DataError, match=message):
        Ped2(tmp_path).videos("testing")


def test_another_layout_is_shown_beside_the_expected_one(tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"clip{number}").mkdir()
    with pytest.raises(DataError) as caught:
        Ped2(tmp_path).videos("training")
    text = str(caught.value)
    assert "\n" not in text
    assert "expected UCSDped2/Train/Train001/*.tif" in text
    assert "or training/frames/NN/*.jpg" in text
    assert "found clip0/, clip1/, clip2/" in text
    assert "clip11/ and 3 more" in text
    with pytest.raises(DataError, match="no such folder"):
        Ped2(tmp_path / "nowhere").videos("training")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no split 'test'; there are training and testing"):
        Ped2(tmp_path).videos("test")  # type: ignore[arg-type]


def test_a_data_set_is_its_settings_and_cannot_be_changed(tmp_path: Path) -> None:
    data = Ped2(tmp_path)
    assert data.settings() == {"root": str(tmp_path)}
    assert data == Ped2(str(tmp_path))
    with pytest.raises(AttributeError):
        data.root = "elsewhere"  # type: ignore[misc]


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_ranges_give_back_the_labels_that_they_were_made_of(wanted: list[bool]) -> None:
    edges = np.flatnonzero(np.diff([False, *wanted, False])).tolist()
    ranges = list(zip(edges[::2], edges[1::2], strict=True))
    info = VideoInfo("x", 8, 8, Fraction(25), len(wanted))
    assert labels.from_ranges(Path("x"), ranges)(info).tolist() == wanted


@pytest.mark.real_data
def test_the_real_ped2(ped2: Path) -> None:
    """Published figures: 2,550 training and 2,010 testing frames, 1,648 of them abnormal; masks say the same."""
    data = Ped2(ped2)
    training, testing = data.videos("training"), data.videos("testing")
    assert (len(training), len(testing)) == (16, 12)
    assert sum(v.video.count() for v in training) == 2550
    assert sum(v.video.count() for v in testing) == 2010
    assert sum(len(odd(v)) for v in testing) == 1648
    assert testing[0].video.info == open_video(ped2 / "testing" / "frames" / "01", fps=10).info
    assert np.array_equal([mask.any() for mask in testing[3].masks()], testing[3].labels)  # type: ignore[arg-type]
