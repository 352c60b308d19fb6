"""Somebody's own videos become a data set with nothing but two folders and, if they like, a table of times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.datasets.folder import Folder, from_times
from oddframe.errors import DataError
from oddframe.types import VideoInfo
from tests.datasets.trees import avi, pictures


@pytest.fixture
def own(tmp_path: Path) -> Path:
    avi(tmp_path / "normal" / "monday.mp4", 5)
    avi(tmp_path / "test" / "tuesday.mp4", 50)
    avi(tmp_path / "test" / "gate" / "v1.2.mp4", 5)
    pictures(tmp_path / "test" / "yard", 5)
    return tmp_path


def table(root: Path, *rows: str) -> None:
    (root / "labels.csv").write_text("\n".join(["video,start,end", *rows]) + "\n")


def test_videos_are_named_by_where_they_lie(own: Path) -> None:
    assert [v.name for v in Folder(own).videos("training")] == ["monday"]
    testing = Folder(own).videos("testing")
    assert [v.name for v in testing] == ["gate/v1.2", "tuesday", "yard"]
    assert [v.video.info.id for v in testing] == [v.name for v in testing]
    assert [v.labels for v in testing] == [None] * 3
    avi(own / "test" / "tuesday.mkv", 3)
    assert [v.name for v in Folder(own).videos("testing")] == ["gate/v1.2", "tuesday.mkv", "tuesday.mp4", "yard"]


def test_times_mark_the_frames_shown_then(own: Path) -> None:
    table(own, "tuesday.mp4,0:00.2,0.4", "tuesday,0:00:01.9,2.9", "yard,0,1")
    gate, tuesday, yard = Folder(own, fps=None).videos("testing")
    assert tuesday.labels is not None
    assert yard.labels is not None
    assert gate.labels is not None
    assert np.flatnonzero(tuesday.labels).tolist() == [5, 6, 7, 8, 9, 48, 49]
    assert yard.labels.all()
    assert not gate.labels.any()


def test_a_given_rate_counts_for_pictures_and_labels(own: Path) -> None:
    table(own, "yard,1,2")
    *_, yard = Folder(own, fps=2).videos("testing")
    assert yard.video.info.fps == 2
    assert yard.labels is not None
    assert np.flatnonzero(yard.labels).tolist() == [2, 3]
    assert Folder(own, fps=2).settings() == {"root": str(own), "fps": 2}


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 4000)), max_size=4),
    st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(1, 2)]),
)
def test_a_frame_is_marked_exactly_if_its_time_lies_in_a_range(ranges: list[tuple[int, int]], fps: Fraction) -> None:
    times = [(Fraction(first, 1000), Fraction(first + length, 1000)) for first, length in ranges]
    frames = int(8 * fps) + 1
    labels = from_times(Path("labels.csv"), times)(VideoInfo("x", 8, 8, fps, frames))
    assert labels.tolist() == [any(a <= i / fps < b for a, b in times) for i in range(frames)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("friday,1,2", r"labels\.csv:2: there is no video 'friday' in test/; there are gate/v1\.2, tuesday, yard"),
        ("tuesday,2,2", r"labels\.csv:2: a range ends after it starts"),
        ("tuesday,1,soon", r"labels\.csv:2: soon: write a time as 64\.5, 1:04\.5 or 1:02:05"),
        ("tuesday,1", r"labels\.csv:2: a value is missing"),
    ],
)
def test_rows_that_do_not_fit_are_refused(own: Path, row: str, message: str) -> None:
    table(own, row)
    with pytest.raises(DataError, match=message):
        Folder(own).videos("testing")


def test_a_range_past_the_end_says_by_how_much(own: Path) -> None:
    table(own, "tuesday,0,3.5")
    with pytest.raises(DataError, match=r"a range ends 1\.5 s after video 'tuesday' does"):
        _ = Folder(own).videos("testing")[1].labels


def test_other_folders_are_shown(own: Path) -> None:
    (own / "normal").rename(own / "ok")
    with pytest.raises(DataError, match=r"videos in normal/; expected normal/ and test/ .*; found ok/, test/"):
        Folder(own).videos("training")


def test_no_video_is_decoded_before_it_is_wanted(own: Path) -> None:
    (own / "test" / "tuesday.mp4").write_bytes(b"no video")
    table(own, "tuesday,0,1")
    assert len(Folder(own).videos("testing")) == 3
