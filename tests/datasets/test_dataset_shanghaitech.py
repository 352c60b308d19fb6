"""ShanghaiTech: training videos are files, testing videos pictures, and labels are arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.datasets.shanghaitech import ShanghaiTech
from oddframe.errors import DataError
from tests.datasets.trees import avi, common_form, marks, pictures


def original(root: Path, labels: str = "testing") -> Path:
    avi(root / "training" / "videos" / "01_001.avi", 3)
    avi(root / "training" / "videos" / "13_007.avi", 2)
    for folder in ("test_frame_mask", "test_pixel_mask"):
        (root / labels / folder).mkdir(parents=True)
    for name, frames, odd in (("01_0014", 5, [1, 2]), ("12_0174", 4, [])):
        pictures(root / "testing" / "frames" / name, frames)
        np.save(root / labels / "test_frame_mask" / f"{name}.npy", marks(frames, odd).any((1, 2)).astype(np.uint8))
        np.save(root / labels / "test_pixel_mask" / f"{name}.npy", marks(frames, odd))
    return root


@pytest.mark.parametrize(("below", "labels"), [("", "testing"), ("", ""), ("shanghaitech", "testing")])
def test_the_authors_form(tmp_path: Path, below: str, labels: str) -> None:
    original(tmp_path / below, labels)
    data = ShanghaiTech(tmp_path)
    assert [(v.name, v.labels, v.video.count()) for v in data.videos("training")] == [
        ("01_001", None, 3),
        ("13_007", None, 2),
    ]
    first, second = data.videos("testing")
    assert (first.video.info.id, int(first.video.info.fps)) == ("01_0014", 24)
    for video, odd in ((first, [1, 2]), (second, [])):
        assert video.labels is not None
        assert np.flatnonzero(video.labels).tolist() == odd
        assert np.array_equal(np.stack(list(video.masks())), marks(len(video.labels), odd) != 0)


def test_the_common_form(tmp_path: Path) -> None:
    common_form(tmp_path, {"01_001": 2}, {"01_0014": 5})
    (tmp_path / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\n01_0014,3,5\n")
    data = ShanghaiTech(tmp_path)
    assert [v.name for v in data.videos("training")] == ["01_001"]
    (video,) = data.videos("testing")
    assert video.labels is not None
    assert np.flatnonzero(video.labels).tolist() == [3, 4]
    assert not video.has_masks


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    root = original(tmp_path)
    labels = root / "testing" / "test_frame_mask"
    np.save(labels / "01_0014.npy", np.zeros(7))
    np.save(labels / "12_0174.npy", np.array([{"runs": "code"}]), allow_pickle=True)
    first, second = ShanghaiTech(root).videos("testing")
    with pytest.raises(DataError, match=r"01_0014\.npy: 2 frames more than video '01_0014' \(7 to 5\)"):
        _ = first.labels
    with pytest.raises(DataError, match=r"12_0174\.npy: holds Python objects"):
        _ = second.labels
    np.save(root / "testing" / "test_pixel_mask" / "01_0014.npy", np.zeros((5, 3)))
    with pytest.raises(DataError, match=r"masks are \(frames, height, width\), not \(5, 3\)"):
        list(first.masks())


def test_a_missing_label_file_is_named(tmp_path: Path) -> None:
    root = original(tmp_path)
    (root / "testing" / "test_frame_mask" / "12_0174.npy").unlink()
    with pytest.raises(DataError, match=r"12_0174\.npy: missing; .*found 01_0014\.npy"):
        ShanghaiTech(root).videos("testing")


def test_another_layout_is_shown(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(DataError, match=r"expected training/videos/\*\.avi.*; found clips/"):
        ShanghaiTech(tmp_path).videos("training")
