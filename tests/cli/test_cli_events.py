"""`oddframe score --events`: what lies in the folder is what was scored, clips included."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.report import event_files
from oddframe.video import open_video
from tests.cli.running import Command, film


def test_events_are_written_as_json_table_and_clips(
    command: Command, fitted: Path, usual: Path, fast: Path, tmp_path: Path
) -> None:
    result = command("score", fitted, usual, fast, "--json", "--events", tmp_path / "out")
    assert (result.code, result.err) == (0, "")
    told = json.loads((tmp_path / "out" / "events.json").read_text())["videos"]
    assert [video["video"] for video in told] == ["usual", "fast"]
    assert told[0]["events"] == []
    (event,) = told[1]["events"]
    (printed,) = result.objects[1]["events"]
    assert {name: value for name, value in event.items() if name != "clip"} == printed
    assert event["clip"] == f"fast-{event['id']}.mp4"
    assert told[1]["low"] < told[1]["threshold"] < event["score"]
    (row,) = csv.DictReader((tmp_path / "out" / "events.csv").read_text().splitlines())
    assert (row["video"], row["id"], row["clip"]) == ("fast", event["id"], event["clip"])
    assert [float(row[edge]) for edge in ("x0", "y0", "x1", "y1")] == event["box"]
    clip = open_video(tmp_path / "out" / event["clip"])
    assert clip.info.fps == 10
    assert clip.count() == min(event["end"] + 10, 40) - max(event["start"] - 10, 0)
    shown = clip.frame_at(clip.count() // 2).image
    assert shown.shape[1] >= 640  # readable, with a footer
    assert not np.array_equal(shown[: shown.shape[0] // 2], shown[shown.shape[0] // 2 :])
    again = command("score", fitted, fast, "--events", tmp_path / "out")
    assert again.code == 0
    (video,) = json.loads((tmp_path / "out" / "events.json").read_text())["videos"]
    assert video["events"][0]["id"] == event["id"]  # the same event, scored once more


def test_a_video_that_is_replaced_meanwhile_gets_no_clip_and_says_so(
    command: Command, fitted: Path, usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, stamps = film(tmp_path / "mine.mp4", 60), event_files.stamp

    def touched(video: Any) -> event_files.Stamp:
        os.utime(mine, ns=(1, mine.stat().st_mtime_ns + 1))
        return stamps(video)

    monkeypatch.setattr(event_files, "stamp", touched)
    result = command("score", fitted, mine, usual, "--events", tmp_path / "out")
    assert result.code == 1
    assert "mine.mp4: changed while or since it was scored; score it again" in result.err
    first, second = json.loads((tmp_path / "out" / "events.json").read_text())["videos"]
    assert [event["clip"] for event in first["events"]] == [None]
    assert second["video"] == "usual"


def test_a_folder_that_cannot_be_is_refused_before_anything_is_scored(
    command: Command, fitted: Path, fast: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    result = command("score", fitted, fast, "--events", tmp_path / "file")
    assert "choose another folder with --events" in result.error
    assert (tmp_path / "file").read_text() == "mine"
