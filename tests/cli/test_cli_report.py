"""`oddframe report`: what lies in the folder, what goes wrong, and what that costs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.engine.detector import Detector
from oddframe.report import watched
from oddframe.types import Timeline
from oddframe.video import Video
from tests.cli.running import Command, album, film


@pytest.fixture(autouse=True)
def no_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody draws here."""
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "")


def read(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The page, and what it draws of each video."""
    html = (folder / "report.html").read_text("utf-8")
    found = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    videos: list[dict[str, Any]] = json.loads(found.group(1))["videos"]
    return html, videos


def test_the_page_holds_what_the_detector_says(
    command: Command, fitted: Path, footage: Path, fast: Path, tmp_path: Path
) -> None:
    result = command("report", fitted, footage / "usual.mp4", fast, "-o", tmp_path / "a" / "b", "--normal", footage)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{tmp_path / 'a' / 'b' / 'report.html'}\n"
    html, videos = read(tmp_path / "a" / "b")
    assert [video["name"] for video in videos] == ["usual", "fast"]
    timeline = Detector.load(fitted).score(fast)
    assert videos[1]["moments"] == [[e.start_time, e.end_time, e.peak_time, e.id] for e in timeline.events]
    np.testing.assert_allclose(videos[1]["s"], timeline.scores, rtol=1e-4)
    assert len(videos[1]["thumbnails"]) == 8
    assert "Compared with the nearest normal moments" in html
    assert "a normal moment of usual" in html or "a normal moment of slower" in html
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["report.html"]
    for expected in ("observer: objects", "expected false alarms", "From scores to events", "oddframe report"):
        assert expected in html


def test_normal_moments_of_picture_folders_are_found_at_the_rate_that_was_named(
    command: Command, tmp_path: Path
) -> None:
    """Folders of pictures say no rate: a moment's frame is only found under the one that the detector was fitted at."""
    normal, odd = [album(tmp_path / f"n{k}", speed=18 + k) for k in range(3)], album(tmp_path / "odd", speed=60)
    assert command("fit", *normal, "-o", tmp_path / "d", "--fps", "10").code == 0
    result = command("report", tmp_path / "d", odd, "--fps", "10", "-o", tmp_path, "--normal", *normal[:1])
    assert (result.code, result.err) == (0, "")
    html, _ = read(tmp_path)
    assert "a normal moment of n0" in html
    assert "the video has changed" not in html


def test_one_video_that_fails_costs_no_other_and_is_told(
    command: Command, fitted: Path, fast: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    result = command("report", fitted, broken, fast, "-o", tmp_path)
    assert result.code == 1
    assert len(result.errors) == 1
    html, videos = read(tmp_path)
    assert [video["name"] for video in videos] == ["fast"]
    assert f"Not reported: {broken}" in html


def test_if_nothing_can_be_read_nothing_is_written(command: Command, fitted: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    result = command("report", fitted, broken, "-o", tmp_path / "out")
    assert result.code == 1
    assert result.errors[-1].endswith("none of the videos could be reported; nothing was written")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="another kind of permissions")
def test_a_folder_that_cannot_be_written_is_named(command: Command, fitted: Path, fast: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    error = command("report", fitted, fast, "-o", tmp_path / "file").error
    assert error.startswith(f"{tmp_path / 'file'}")
    assert "--output" in error
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_failed_report_leaves_the_last_one(
    command: Command, fitted: Path, fast: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("yesterday")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    assert "No space left" in command("report", fitted, fast, "-o", tmp_path).error
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "yesterday"


def test_a_video_that_changes_while_it_is_reported_is_refused(
    command: Command, fitted: Path, fast: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = film(tmp_path / "growing.mp4", 60)
    known = Detector.score

    def meanwhile(self: Detector, video: Video, *rest: Any, **more: Any) -> Timeline:
        timeline = known(self, video, *rest, **more)
        if "growing" in video.source:
            film(growing, 60, seconds=5)
        return timeline

    monkeypatch.setattr(Detector, "score", meanwhile)
    result = command("report", fitted, growing, fast, "-o", tmp_path / "out")
    assert result.code == 1
    assert result.errors == [f"error: {growing}: has changed since it was scored; report it again when complete"]
    assert [video["name"] for video in read(tmp_path / "out")[1]] == ["fast"]


def test_without_a_threshold_there_are_moments_and_no_events(
    command: Command, usual: Path, fast: Path, tmp_path: Path
) -> None:
    assert command("fit", usual, "-o", tmp_path / "d", "--holdout", "0", "--set", "observer.embedding=0").code == 0
    assert command("report", tmp_path / "d", fast, "-o", tmp_path).code == 0
    html, (video,) = read(tmp_path)
    assert video["threshold"] is None
    assert not video["events"]
    assert video["moments"]
    assert "no threshold" in html


def test_truth_is_drawn_from_a_table_or_from_arrays(
    command: Command, fitted: Path, usual: Path, fast: Path, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("video,start,end\nfast.mp4,0:01,2.5\n")
    arrays = tmp_path / "arrays"
    arrays.mkdir()
    np.save(arrays / "fast.npy", (np.arange(40) // 10 == 1).astype(np.uint8))
    assert command("report", fitted, usual, fast, "--truth", table, "-o", tmp_path).code == 0
    assert [video["truth"] for video in read(tmp_path)[1]] == [[], [[1.0, 2.5, ""]]]
    assert command("report", fitted, fast, "--truth", arrays, "-o", tmp_path).code == 0
    assert [video["truth"] for video in read(tmp_path)[1]] == [[[1.0, 2.0, ""]]]


def test_truth_of_other_videos_is_refused(command: Command, fitted: Path, fast: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("video,start,end\ngate,1,2\n")
    error = command("report", fitted, fast, "--truth", table, "-o", tmp_path / "out").error
    assert error == f"{table}: names gate, but the videos are fast; use their names"
    np.save(tmp_path / "fast.npy", np.zeros(7))
    error = command("report", fitted, fast, "--truth", tmp_path, "-o", tmp_path / "out").error
    assert error.startswith(f"{tmp_path / 'fast.npy'}: 33 frames fewer than video 'fast'")
    assert not (tmp_path / "out").exists()


def test_a_page_with_no_room_is_refused_at_once(command: Command, fitted: Path, tmp_path: Path) -> None:
    error = command("report", fitted, tmp_path, "--megabytes", "4").error
    assert error == "megabytes 4: the page takes 5 before any picture"


def test_the_whole_page_keeps_to_its_size(command: Command, fitted: Path, fast: Path, tmp_path: Path) -> None:
    sizes = []
    for megabytes in ("10", "5.001"):
        assert command("report", fitted, fast, "-o", tmp_path, "--megabytes", megabytes).code == 0
        sizes.append((tmp_path / "report.html").stat().st_size)
    assert sizes[1] < sizes[0]
    assert "would have made the page too large" in read(tmp_path)[0]


def test_what_a_file_is_called_is_shown_and_does_nothing(command: Command, fitted: Path, tmp_path: Path) -> None:
    frames = album(tmp_path / "<script>alert(1)<", seconds=1)
    assert command("report", fitted, frames, "-o", tmp_path / "out").code == 0
    html, (video,) = read(tmp_path / "out")
    assert video["name"] == "<script>alert(1)<"
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;" in html


def test_names_that_are_no_text_do_not_stop_the_page(command: Command, fitted: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    frames = album(Path(odd), seconds=1)
    assert command("report", fitted, frames, "-o", tmp_path / "out").code == 0
    assert len(read(tmp_path / "out")[1]) == 1


def test_tracks_have_a_curve_and_no_pictures(command: Command, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("a", "b", "c", "d"):
        lines = [f"{f + 1},1,{100 + 1.5 * f + random.normal():.2f},150,40,120,1,-1,-1,-1" for f in range(200)]
        lines.append("1,2,600,400,40,80,1,-1,-1,-1")  # as far as the picture reaches
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    normal = [tmp_path / f"{name}.txt" for name in "abc"]
    assert command("fit", *normal, "-o", tmp_path / "t", "--detector", "knn-tracks").code == 0
    assert command("report", tmp_path / "t", tmp_path / "d.txt", "-o", tmp_path / "out").code == 0
    html, (video,) = read(tmp_path / "out")
    assert len(video["s"]) == 200
    assert video["thumbnails"] == []
    assert "<image" not in html


def test_large_maps_are_not_kept_of_long_videos() -> None:
    assert watched.MAPPED * 64 * 64 * 4 < 300e6
