"""ShanghaiTech without its pixels: arrays or text files, the usual split or the weak one, and labels that fit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe import catalog
from oddframe.datasets.base import LabelledVideo
from oddframe.datasets.shanghaitech_tracks import ShanghaiTechTracks
from oddframe.errors import DataError
from oddframe.video import TrackVideo
from tests.conftest import ROOT

LABELS = {"01_0014": [0, 0, 1, 1, 0], "12_0174": [0, 0, 0]}


def arrays(file: Path, videos: Mapping[str, list[int]]) -> None:
    """Videos with one box in each of the listed frames; rows and names in no particular order."""
    names = sorted(videos, reverse=True)
    rows = [(names.index(name), frame, 7) for name in sorted(videos) for frame in videos[name]]
    video, frame, track = np.array(rows, np.int32).reshape(-1, 3).T
    box = {"x0": 10 + frame, "y0": 20 + video, "x1": 40 + frame, "y1": 80 + video}
    save(file, {"names": np.array(names), "video": video, "frame": frame, "track": track, **box})


def save(file: Path, content: Mapping[str, Any]) -> None:
    np.savez(file, **content)


def packed(root: Path, labels: Mapping[str, list[int]] | None = None) -> Path:
    arrays(root / "train.npz", {"01_001": [2, 3], "13_007": [0]})
    arrays(root / "test.npz", {"01_0014": [1, 2], "12_0174": []})
    save(root / "test_labels.npz", {name: np.array(v, np.uint8) for name, v in (labels or LABELS).items()})
    rows = "01_001,train,0\n01_0014,train,1\n12_0174,test,0\n13_007,test,0\n"
    (root / "weak_split.csv").write_text(f"video,split,abnormal\n{rows}")
    return root


def texts(root: Path, table: bool) -> Path:
    for split, name, text in (
        ("training", "01_001", "3,7,10,20,30,60\n4,7,11,20,30,60\n"),
        ("testing", "01_0014", "2,7,11,20,30,60\n3,7,12,20,30,60\n"),
    ):
        (root / split).mkdir(parents=True)
        (root / split / f"{name}.txt").write_text(text)
    if table:
        (root / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\n01_0014,2,3\n")
    else:
        save(root / "test_labels.npz", {"01_0014": np.array([0, 0, 1, 1, 0])})
    return root


def marked(video: LabelledVideo) -> list[int] | None:
    return None if video.labels is None else video.labels.astype(int).tolist()


def test_arrays(tmp_path: Path) -> None:
    data = ShanghaiTechTracks(packed(tmp_path))
    first, second = data.videos("training")
    assert [(v.name, v.video.count(), marked(v), v.label) for v in (first, second)] == [
        ("01_001", 4, None, None),
        ("13_007", 1, None, None),
    ]
    info = first.video.info
    assert (info.id, info.width, info.height, float(info.fps), first.video.fps_assumed) == (
        "01_001",
        856,
        480,
        24.0,
        False,
    )
    boxes = [frame.boxes.box.tolist() for frame in first.video if frame.boxes is not None]
    assert boxes == [[], [], [[12, 21, 42, 81]], [[13, 21, 43, 81]]]
    assert {v.name: marked(v) for v in data.videos("testing")} == LABELS


def test_the_weak_split(tmp_path: Path) -> None:
    data = ShanghaiTechTracks(packed(tmp_path), weak=True)
    training, testing = data.videos("training"), data.videos("testing")
    assert [(v.name, v.label, v.labels) for v in training] == [("01_001", False, None), ("01_0014", True, None)]
    assert [(v.name, v.label, marked(v), v.split) for v in testing] == [
        ("12_0174", False, [0, 0, 0], "testing"),
        ("13_007", False, [0], "testing"),
    ]
    assert catalog.build("dataset", "shanghaitech-tracks", data.settings()) == data != ShanghaiTechTracks(tmp_path)


@pytest.mark.parametrize("table", [True, False])
def test_text_files(tmp_path: Path, table: bool) -> None:
    data = ShanghaiTechTracks(texts(tmp_path, table))
    (training,), (testing,) = data.videos("training"), data.videos("testing")
    info = training.video.info
    assert (info.id, float(info.fps), info.width) == ("01_001", 24.0, 856)
    assert marked(testing) == ([0, 0, 1] if table else [0, 0, 1, 1, 0])


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first, _ = ShanghaiTechTracks(packed(tmp_path, LABELS | {"01_0014": [1]})).videos("testing")
    with pytest.raises(
        DataError, match=r"test_labels\.npz: 2 frames fewer than video '01_0014' \(1 to 3\); the labels"
    ):
        _ = first.labels
    texts(tmp_path / "texts", table=True)
    (tmp_path / "texts" / "labels.csv").write_text("clip,first_abnormal_frame,end_exclusive\n01_0014,2,9\n")
    (only,) = ShanghaiTechTracks(tmp_path / "texts").videos("testing")
    with pytest.raises(DataError, match=r"labels\.csv: 6 frames more than video '01_0014' \(9 to 3\)"):
        _ = only.labels


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    packed(tmp_path, {"01_0014": [0, 0, 0]})
    _, second = ShanghaiTechTracks(tmp_path).videos("testing")
    with pytest.raises(DataError, match=r"test_labels\.npz: has no array '12_0174'"):
        _ = second.labels
    (tmp_path / "test_labels.npz").unlink()
    with pytest.raises(DataError, match=r"test_labels\.npz: missing; the labels of all test videos"):
        ShanghaiTechTracks(tmp_path).videos("testing")
    np.savez(tmp_path / "train.npz", names=np.array([{"runs": "code"}]))
    with pytest.raises(DataError, match=r"train\.npz: holds Python objects"):
        ShanghaiTechTracks(tmp_path).videos("training")
    (tmp_path / "test.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"test\.npz: not readable arrays"):
        ShanghaiTechTracks(tmp_path).videos("testing")


@pytest.mark.parametrize(
    ("row", "says"),
    [("77_777,test,0", "there is no video '77_777'"), ("01_001,valid,0", "a video is in train or test")],
)
def test_a_damaged_weak_split_is_refused(tmp_path: Path, row: str, says: str) -> None:
    (packed(tmp_path) / "weak_split.csv").write_text(f"video,split,abnormal\n{row}\n")
    with pytest.raises(DataError, match=rf"weak_split\.csv:2: .*{says}"):
        ShanghaiTechTracks(tmp_path, weak=True).videos("training")


def test_nobody_calls_unlabelled_frames_normal(tmp_path: Path) -> None:
    (packed(tmp_path) / "weak_split.csv").write_text("video,split,abnormal\n01_001,test,1\n")
    (video,) = ShanghaiTechTracks(tmp_path, weak=True).videos("testing")
    with pytest.raises(DataError, match="calls 01_001 abnormal and puts it in test, but nobody labelled its frames"):
        _ = video.labels


@pytest.mark.real_data
def test_the_published_arrays_are_whole() -> None:
    given = os.environ.get("ODDFRAME_SHANGHAITECH_TRACKS")
    folder = Path(given) if given else ROOT.parent / "shared" / "data" / "shanghaitech_tracks"
    if not (folder / "train.npz").is_file():
        pytest.skip(f"no ShanghaiTech tracks at {folder}; name their folder in ODDFRAME_SHANGHAITECH_TRACKS")
    data, weak = ShanghaiTechTracks(folder), ShanghaiTechTracks(folder, weak=True)
    training, testing = data.videos("training"), data.videos("testing")
    boxes = [sum(v.video.boxes for v in part if isinstance(v.video, TrackVideo)) for part in (training, testing)]
    assert (len(training), len(testing), *boxes) == (330, 107, 825_982, 137_965)
    labels = np.concatenate([v.labels for v in testing if v.labels is not None])
    assert (len(labels), int(labels.sum())) == (40_791, 17_326)
    parts = [weak.videos("training"), weak.videos("testing")]
    assert [(len(part), sum(bool(v.label) for v in part)) for part in parts] == [(238, 63), (199, 44)]
    odd = [v.name for v in parts[1] if v.labels is not None and v.labels.any()]
    assert odd == [v.name for v in parts[1] if v.label]
