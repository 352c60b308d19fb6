"""Tracks that others published of benchmarks with pictures: two forms, and what does not fit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.datasets.avenue import Avenue
from oddframe.datasets.formats.boxes import beside, from_centres, from_corners
from oddframe.datasets.shanghaitech import ShanghaiTech
from oddframe.datasets.ucsd import Ped2
from oddframe.errors import DataError
from oddframe.types import VideoInfo
from tests.datasets.test_dataset_avenue import TRUTH as MASKS
from tests.datasets.test_dataset_avenue import original as avenue
from tests.datasets.test_dataset_shanghaitech import original as shanghaitech
from tests.datasets.test_dataset_ucsd import original as ucsd
from tests.datasets.test_dataset_ucsd import passed_on

SEEN = VideoInfo("7", width=64, height=48, fps=Fraction(10), frames=20)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 9), *[st.integers(0, 20)] * 2, *[st.integers(1, 9)] * 2)))
def test_both_forms_say_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]]) -> None:
    """Pictures count from 1 and boxes have centres in one, frames from 0 and boxes corners in the other."""
    folder = tmp_path_factory.mktemp("tracks")
    centres, corners = folder / "Test007_gt.txt", folder / "7.txt"
    centres.write_text("".join(f"{f + 1:03}.jpg {t} {x + w / 2} {y + h / 2} {w} {h}\n" for f, t, x, y, w, h in rows))
    corners.write_text("".join(f"{t},{f},{x},{y},{x + w},{y + h}\n" for f, t, x, y, w, h in rows))
    for found in (from_centres(centres)(SEEN), from_corners(corners)(SEEN)):
        assert found.frame.tolist() == [row[0] for row in rows]
        assert found.track.tolist() == [row[1] for row in rows]
        assert found.box.tolist() == [[x, y, x + w, y + h] for _, _, x, y, w, h in rows]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0,1,2,3,4", r"7\.txt:2: a row is track,frame,x0,y0,x1,y1"),
        ("001.jpg 0 1 2 3 4", r"7\.txt:2: a row is"),
        ("3,4,70,0,80,9", r"track 3 has no area within the 64 x 48 picture 5 of video '7'"),
        ("3,4,9,9,9,12", r"track 3 has no area"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "7.txt").write_text(f"0,1,2,3,4,5\n{row}\n")
    with pytest.raises(DataError, match=message):
        from_corners(tmp_path / "7.txt")(SEEN)


def test_tracks_are_matched_by_number_and_a_missing_file_is_named(tmp_path: Path) -> None:
    assert beside([tmp_path], "Test007") is None
    (tmp_path / "Test007_gt.txt").write_text("")
    for name in ("Test007", "07", "7"):
        assert beside([tmp_path / "absent", tmp_path], name) is not None
    with pytest.raises(DataError, match=r"Test008_gt\.txt: missing; the tracks of 'Test008'"):
        beside([tmp_path], "Test008")


@pytest.mark.parametrize("place", ["tracks", "Test"])
def test_tracks_of_ucsd(tmp_path: Path, place: str) -> None:
    ucsd(tmp_path)
    (tmp_path / place).mkdir(exist_ok=True)
    assert not any(video.has_boxes for video in Ped2(tmp_path).videos("testing"))
    for clip, row in (("Test001", "003.jpg 0 8 8 4 4"), ("Test002", "005.jpg 1 8 8 4 4")):
        (tmp_path / place / f"{clip}_gt.txt").write_text(row)
    first, second = Ped2(tmp_path).videos("testing")
    assert (first.boxes().frame.tolist(), second.boxes().track.tolist()) == ([2], [1])
    (tmp_path / place / "Test002_gt.txt").write_text("007.jpg 1 8 8 4 4")
    with pytest.raises(DataError, match=r"its boxes: 2 frames more than video 'Test002' \(7 to 5\)"):
        Ped2(tmp_path).videos("testing")[1].boxes()


def test_tracks_beside_the_common_form_and_avenue(tmp_path: Path) -> None:
    passed_on(tmp_path / "ped2")
    avenue(tmp_path / "avenue", tmp_path / "avenue" / MASKS)
    for root in (tmp_path / "ped2", tmp_path / "avenue"):
        (root / "tracks").mkdir()
        for number in range(1, 22):
            (root / "tracks" / f"Test{number:02}_gt.txt").write_text("0001.jpg 0 8 8 4 4")
    for data in (Ped2(tmp_path / "ped2"), Avenue(tmp_path / "avenue")):
        assert {str(video.boxes().box.tolist()) for video in data.videos("testing")} == {"[[6.0, 6.0, 10.0, 10.0]]"}


def test_tracks_of_shanghaitech(tmp_path: Path) -> None:
    """A normal video needs no file; an abnormal one does."""
    (shanghaitech(tmp_path) / "tracks").mkdir()
    (tmp_path / "tracks" / "01_0014.txt").write_text("0,1,2,3,4,5\n")
    abnormal, normal = ShanghaiTech(tmp_path).videos("testing")
    assert abnormal.boxes().box.tolist() == [[2, 3, 4, 5]]
    assert normal.boxes().box.shape == (0, 4)
    (tmp_path / "tracks" / "01_0014.txt").unlink()
    with pytest.raises(DataError, match=r"01_0014\.txt: missing"):
        abnormal.boxes()
