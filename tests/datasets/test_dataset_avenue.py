"""Avenue: masks in MATLAB cells, in an archive of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from oddframe.datasets.avenue import Avenue
from oddframe.errors import DataError
from tests.datasets.trees import avi, cells, common_form, marks

TRUTH = "ground_truth_demo/testing_label_mask"


def original(root: Path, truth: Path) -> None:
    """Videos are numbered 01, 02, 10; their label files 1, 2, 10."""
    avi(root / "training_videos" / "01.avi", 3)
    truth.mkdir(parents=True)
    for number, frames in ((1, 6), (2, 4), (10, 5)):
        avi(root / "testing_videos" / f"{number:02}.avi", frames)
        savemat(truth / f"{number}_label.mat", {"volLabel": cells(list(marks(frames, [number % 3])))})


@pytest.mark.parametrize(
    ("below", "truth"),
    [("", TRUTH), ("Avenue Dataset", TRUTH), ("Avenue Dataset", f"Avenue Dataset/{TRUTH}")],
)
def test_the_authors_form(tmp_path: Path, below: str, truth: str) -> None:
    original(tmp_path / below, tmp_path / truth)
    (training,) = Avenue(tmp_path).videos("training")
    assert (training.name, training.labels, training.video.count()) == ("01", None, 3)
    testing = Avenue(tmp_path).videos("testing")
    assert [v.name for v in testing] == ["01", "02", "10"]
    for video, frames, odd in zip(testing, (6, 4, 5), (1, 2, 1), strict=True):
        assert video.labels is not None
        assert video.labels.tolist() == [index == odd for index in range(frames)]
        assert np.array_equal(np.stack(list(video.masks())), marks(frames, [odd]) != 0)


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"01": 3}, {"01": 6, "02": 4})
    savemat(tmp_path / "avenue.mat", {"gt": cells([np.array([[2], [3]]), np.array([[1], [1]])])})
    first, second = Avenue(tmp_path).videos("testing")
    assert first.video.info.fps == 25
    assert [np.flatnonzero(v.labels).tolist() for v in (first, second)] == [[1, 2], [0]]  # type: ignore[arg-type]


def test_nothing_is_read_before_it_is_wanted(tmp_path: Path) -> None:
    original(tmp_path, tmp_path / TRUTH)
    for file in (*tmp_path.rglob("*.avi"), *tmp_path.rglob("*.mat")):
        file.write_bytes(b"neither a video nor a matrix")
    assert len(Avenue(tmp_path).videos("training") + Avenue(tmp_path).videos("testing")) == 4


def test_labels_of_another_length_say_which_side_lacks_frames(tmp_path: Path) -> None:
    original(tmp_path, tmp_path / TRUTH)
    savemat(tmp_path / TRUTH / "1_label.mat", {"volLabel": cells(list(marks(8, [1])))})
    savemat(tmp_path / TRUTH / "2_label.mat", {"volLabel": cells(list(marks(3, [1])))})
    first, second, third = Avenue(tmp_path).videos("testing")
    with pytest.raises(DataError, match=r"1_label\.mat: 2 frames more than video '01' \(8 to 6\); the video lacks"):
        _ = first.labels
    with pytest.raises(DataError, match=r"2_label\.mat: 1 frames fewer than video '02' \(3 to 4\); the labels lack"):
        _ = second.labels
    savemat(tmp_path / TRUTH / "10_label.mat", {"volLabel": cells([np.zeros((0, 0, 0))] * 5)})
    with pytest.raises(DataError, match="volLabel has no mask for frame 0"):
        _ = third.labels


def test_a_missing_label_file_is_named(tmp_path: Path) -> None:
    original(tmp_path, tmp_path / TRUTH)
    (tmp_path / TRUTH / "2_label.mat").unlink()
    with pytest.raises(DataError, match=r"2_label\.mat: missing; .*found 1_label\.mat, 10_label\.mat"):
        Avenue(tmp_path).videos("testing")


def test_another_layout_is_shown(tmp_path: Path) -> None:
    avi(tmp_path / "videos" / "01.avi", 2)
    with pytest.raises(DataError, match=r"expected training_videos/\*\.avi, .* or training/frames/.*; found videos/"):
        Avenue(tmp_path).videos("testing")
