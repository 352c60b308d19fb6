"""Street Scene: a row for each abnormal thing in each frame, beside the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddframe.datasets.street_scene import StreetScene
from oddframe.errors import DataError
from tests.datasets.trees import common_form, pictures

TRUTH = "Test/Test001/Test001_gt.txt"


def original(root: Path) -> Path:
    """Two things overlap in time; one of them comes back."""
    pictures(root / "Train" / "Train001", 3, first=1)
    pictures(root / "Test" / "Test001", 12, first=1)
    rows = [f"Test001/{number:03}.jpg {track} 5 6 20 30" for track, number in ((0, 2), (0, 3), (1, 3), (1, 4), (0, 10))]
    (root / TRUTH).write_text("\n".join(rows) + "\n")
    return root


def test_boxes_are_cut_to_the_picture_and_keep_their_track(tmp_path: Path) -> None:
    """Rows hold centres and sizes; a picture is 24 x 16 here."""
    original(tmp_path)
    (tmp_path / TRUTH).write_text("00002.jpg 0 5.5 6 4 3\nTest001/003.jpg 7 23 2 6 8\n")
    (video,) = StreetScene(tmp_path).videos("testing")
    found = video.boxes()
    assert video.has_boxes
    assert found.frame.tolist() == [1, 2]
    assert found.track.tolist() == [0, 7]
    assert found.box.tolist() == [[3.5, 4.5, 7.5, 7.5], [20, 0, 24, 6]]


@pytest.mark.parametrize("below", ["", "StreetScene"])
def test_the_authors_form(tmp_path: Path, below: str) -> None:
    original(tmp_path / below)
    (training,) = StreetScene(tmp_path).videos("training")
    assert (training.name, training.labels, training.video.count()) == ("Train001", None, 3)
    (testing,) = StreetScene(tmp_path).videos("testing")
    assert (testing.video.info.frames, int(testing.video.info.fps)) == (12, 15)
    assert testing.labels is not None
    assert [index for index, odd in enumerate(testing.labels) if odd] == [1, 2, 3, 9]


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"01": 2}, {"01": 4})
    (tmp_path / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\n01,1,2\n")
    (video,) = StreetScene(tmp_path).videos("testing")
    assert video.labels is not None
    assert video.labels.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Test001/014.jpg 0 5 6 20 30", r"_gt\.txt: 2 frames more than video 'Test001' \(14 to 12\)"),
        ("Test001/000.jpg 0 5 6 20 30", r"_gt\.txt:1: a row is a picture, a track, a centre and a size"),
        ("Test001/003.jpg 0 5 6 20", r"_gt\.txt:1: a row is a picture, a track, a centre and a size"),
        ("3,0,5,6,20,30", r"_gt\.txt:1: a row is a picture, a track, a centre and a size"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, row: str, message: str) -> None:
    (original(tmp_path) / TRUTH).write_text(row + "\n")
    (video,) = StreetScene(tmp_path).videos("testing")
    with pytest.raises(DataError, match=message):
        _ = video.labels


def test_a_missing_label_file_is_named(tmp_path: Path) -> None:
    (original(tmp_path) / TRUTH).unlink()
    with pytest.raises(DataError, match=r"Test001_gt\.txt: missing"):
        StreetScene(tmp_path).videos("testing")


def test_another_layout_is_shown(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected Train/Train001/\*\.jpg.*; found clips/"):
        StreetScene(tmp_path).videos("training")
