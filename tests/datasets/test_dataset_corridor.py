"""IITB Corridor: a folder a video, and labels that may be one short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.corridor import Corridor
from oddframe.errors import DataError
from tests.datasets.trees import avi, common_form

TRUTH = Path("Test_Annotation") / "Annotation"


def original(root: Path, dash: str = "-") -> Path:
    """Where the annotation of the first video is as long as the video, and that of the second one shorter."""
    for split, names in (("Train", ["000001", "000002"]), ("Test", ["000209", "000210"])):
        for name in names:
            avi(root / f"{split}_IITB{dash}Corridor" / split / name / f"{name}.avi", 5)
    for name, values in (("000209", [0, 0, 1, 1, 0]), ("000210", [0, 0, 1, 1])):
        folder = root / f"Test_IITB{dash}Corridor" / TRUTH / name
        folder.mkdir(parents=True)
        np.save(folder / f"{name}.npy", np.array(values))
    return root


def labels(root: Path) -> list[list[bool]]:
    found = [video.labels for video in Corridor(root).videos("testing")]
    return [values.tolist() for values in found if values is not None]


@pytest.mark.parametrize("dash", ["-", "_"])
def test_the_authors_form(tmp_path: Path, dash: str) -> None:
    original(tmp_path, dash)
    training = Corridor(tmp_path).videos("training")
    assert [(v.name, v.labels, v.video.count()) for v in training] == [("000001", None, 5), ("000002", None, 5)]
    wanted = [[False, False, True, True, False], [False, False, True, True, True]]
    assert labels(tmp_path) == wanted
    assert labels(tmp_path / f"Test_IITB{dash}Corridor") == wanted


@pytest.mark.parametrize("place", ["groundtruth/000209/000209.npy", "anomaly_labels/000209.npy", "labels.csv"])
def test_the_common_form(tmp_path: Path, place: str) -> None:
    common_form(tmp_path, {"000001": 2}, {"000209": 4})
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    if place.endswith(".npy"):
        np.save(tmp_path / place, np.array([0, 1, 0, 0]))
    else:
        (tmp_path / place).write_text("clip,first_abnormal_frame,end_exclusive\n000209,1,2\n")
    assert [video.name for video in Corridor(tmp_path).videos("training")] == ["000001"]
    assert labels(tmp_path) == [[False, True, False, False]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 1], r"2 frames fewer than video '000209' \(3 to 5\); the labels lack frames"),
        ([0] * 6, r"1 frames more than video '000209' \(6 to 5\); the video lacks frames"),
        ([], r"5 frames fewer than video '000209' \(0 to 5\)"),
    ],
)
def test_labels_of_another_length_are_refused(tmp_path: Path, values: list[int], message: str) -> None:
    original(tmp_path)
    np.save(tmp_path / "Test_IITB-Corridor" / TRUTH / "000209" / "000209.npy", np.array(values))
    with pytest.raises(DataError, match=rf"000209\.npy: {message}"):
        labels(tmp_path)


def test_a_video_without_labels_is_named(tmp_path: Path) -> None:
    original(tmp_path)
    (tmp_path / "Test_IITB-Corridor" / TRUTH / "000210" / "000210.npy").unlink()
    with pytest.raises(DataError, match=r"000210\.npy: missing; the labels of test video '000210'"):
        labels(tmp_path)


def test_another_layout_is_shown(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected Train_IITB-Corridor/Train/000001/\*\.avi.*; found clips/"):
        Corridor(tmp_path).videos("training")
