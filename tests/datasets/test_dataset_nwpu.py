"""NWPU Campus: all labels in one archive, an array a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.nwpu import NWPU
from oddframe.errors import DataError
from tests.datasets.trees import avi, common_form

TRUTH = "groundtruth/NWPU_Campus_gt.npz"


def original(root: Path, truth: str = TRUTH) -> Path:
    avi(root / "videos" / "Train" / "D001_01.avi", 3)
    avi(root / "videos" / "Test" / "D001_03.avi", 4)
    avi(root / "videos" / "Test" / "D203_10.avi", 5)
    (root / truth).parent.mkdir(exist_ok=True)
    np.savez(root / truth, D001_03=np.array([0, 0, 1, 1]), D203_10=np.zeros(5))
    return root


@pytest.mark.parametrize(("below", "truth"), [("", TRUTH), ("NWPUCampusDataset", TRUTH), ("", "gt.npz")])
def test_the_authors_form(tmp_path: Path, below: str, truth: str) -> None:
    original(tmp_path / below, truth)
    (training,) = NWPU(tmp_path).videos("training")
    assert (training.name, training.labels, training.video.count()) == ("D001_01", None, 3)
    first, second = NWPU(tmp_path).videos("testing")
    assert (first.name, second.name) == ("D001_03", "D203_10")
    assert first.labels is not None
    assert second.labels is not None
    assert first.labels.tolist() == [False, False, True, True]
    assert second.labels.tolist() == [False] * 5
    assert not first.has_masks


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"D001_01": 2}, {"D001_03": 4})
    (tmp_path / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\nD001_03,1,2\n")
    (video,) = NWPU(tmp_path).videos("testing")
    assert video.labels is not None
    assert video.labels.tolist() == [False, True, False, False]


def test_a_video_without_labels_is_named(tmp_path: Path) -> None:
    avi(original(tmp_path) / "videos" / "Test" / "D203_11.avi", 2)
    with pytest.raises(DataError, match=r"NWPU_Campus_gt\.npz: has no labels for video 'D203_11'"):
        NWPU(tmp_path).videos("testing")


def test_labels_of_another_length_are_refused(tmp_path: Path) -> None:
    np.savez(original(tmp_path) / TRUTH, D001_03=np.zeros(3), D203_10=np.array([{"runs": "code"}]))
    first, second = NWPU(tmp_path).videos("testing")
    with pytest.raises(DataError, match=r"1 frames fewer than video 'D001_03' \(3 to 4\)"):
        _ = first.labels
    with pytest.raises(DataError, match="the labels of 'D203_10' cannot be read"):
        _ = second.labels


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 cut off", "array"])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes | str) -> None:
    file = original(tmp_path) / TRUTH
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        with file.open("wb") as target:
            np.save(target, np.zeros(3))
    with pytest.raises(DataError, match=r"NWPU_Campus_gt\.npz: not an archive of arrays"):
        NWPU(tmp_path).videos("testing")
    file.unlink()
    with pytest.raises(DataError, match=r"NWPU_Campus_gt\.npz: missing"):
        NWPU(tmp_path).videos("testing")


def test_another_layout_is_shown(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected videos/Train/\*\.avi.*; found clips/"):
        NWPU(tmp_path).videos("training")
