"""`oddframe score` and `oddframe info`: what is printed, for people and for programs."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from oddframe import __version__, catalog
from oddframe.engine.detector import Detector
from oddframe.types import Event
from tests.cli.running import Command, album, film


def test_json_lines_hold_what_the_detector_says(command: Command, fitted: Path, usual: Path, fast: Path) -> None:
    result = command("score", fitted, usual, fast, "--json")
    assert (result.code, result.err) == (0, "")
    known = Detector.load(fitted)
    for printed, path in zip(result.objects, (usual, fast), strict=True):
        timeline = known.score(path)
        stated = {"video", "fps", "fps_assumed", "frames", "starts", "times", "holes"}
        assert printed.keys() == stated | {"scores", "events", "threshold", "not_scorable"}
        assert (printed["fps_assumed"], printed["holes"]) == (False, [])
        assert (printed["video"], printed["fps"], printed["frames"]) == (path.stem, 10, timeline.info.frames)
        # Exactly: a program that compares scores with the threshold must come to the same events.
        np.testing.assert_array_equal(np.array(printed["scores"], np.float64), timeline.scores.astype(np.float64))
        assert printed["threshold"] == timeline.threshold
        assert len(printed["events"]) == len(timeline.events)
        assert printed["not_scorable"] == []
    (event,) = result.objects[1]["events"]
    assert event.keys() == {f.name for f in fields(Event)}
    assert event["score"] == max(result.objects[1]["scores"]) == result.objects[1]["scores"][event["peak"]]
    assert event["peak_time"] == event["peak"] / 10
    assert len(event["box"]) == 4


def test_the_table_says_when_and_where(command: Command, fitted: Path, usual: Path, fast: Path) -> None:
    result = command("score", fitted, usual, fast)
    assert (result.code, result.err) == (0, "")
    head, first, second = result.out.splitlines()
    assert head.split() == ["video", "frames", "not", "scorable", "event", "from", "to", "peak", "score", "box"]
    assert first.split() == ["usual", "120", "-", "-"]
    (event,) = Detector.load(fitted).score(fast).events
    cells = second.split()
    assert cells[:4] == ["fast", "40", "-", "1"]
    assert cells[4:6] == [f"0:{event.start_time:04.1f}", f"0:{event.end_time:04.1f}"]
    assert cells[7] == f"{event.score:.3g}"
    assert len(cells) == 12


@pytest.mark.parametrize("form", ["table", "json"])
def test_names_are_printed_as_they_are(command: Command, fitted: Path, tmp_path: Path, form: str) -> None:
    """Not as markup or emoji, and not cut to the width of a terminal that is not there."""
    name = f"gate [red] :key: {'x' * 90}"
    frames = album(tmp_path / name, seconds=1)
    result = command("score", fitted, frames, *(["--json"] if form == "json" else []))
    assert result.code == 0
    assert name in (result.objects[0]["video"] if form == "json" else result.out)
    assert name in command("info", frames).out
    assert command("info", tmp_path / "[b] :key:").error.startswith(f"{tmp_path / '[b] :key:'}: ")


def test_a_name_that_cannot_be_printed_does_not_cost_the_results(
    command: Command, fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = album(tmp_path / "caf\xe9", seconds=1)
    for form in ([], ["--json"]):
        printed = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii", write_through=True))
        result = command("score", fitted, frames, *form)
        assert result.code == 0
        assert "25 fps assumed; --fps corrects it" in result.err
        assert b"caf\\" in printed.getvalue()
    assert json.loads(printed.getvalue())["video"] == "caf\xe9"


def test_what_cannot_be_scored_is_null_and_says_why(command: Command, fitted: Path, tmp_path: Path) -> None:
    still = film(tmp_path / "still.mp4", speed=0, seconds=6)
    printed = command("score", fitted, still, "--json").objects[0]
    assert printed["scores"] == [None] * 60
    assert printed["not_scorable"] == [{"start": 0, "end": 60, "reason": "frozen"}]
    assert printed["events"] == []
    assert command("score", fitted, still).out.splitlines()[1].split() == ["still", "60", "60", "-"]


def test_without_a_threshold_the_table_says_so(command: Command, usual: Path, tmp_path: Path) -> None:
    assert command("fit", usual, "-o", tmp_path / "d", "--holdout", "0", "--set", "observer.embedding=0").code == 0
    assert "no threshold" in command("score", tmp_path / "d", usual).out
    assert command("score", tmp_path / "d", usual, "--json").objects[0]["threshold"] is None


def test_another_frame_rate_than_the_fitted_one_is_scored(command: Command, fitted: Path, tmp_path: Path) -> None:
    usual, fast = film(tmp_path / "25.mp4", 18, fps=25), film(tmp_path / "fast25.mp4", 60, fps=25)
    normal, odd = command("score", fitted, usual, fast, "--json").objects
    assert (normal["fps"], normal["frames"]) == (25, 100)
    assert np.median(odd["scores"]) > 2 * np.median(normal["scores"])


def test_info_of_nothing_lists_all_that_can_be_chosen(command: Command) -> None:
    result = command("info")
    assert (result.code, result.err) == (0, "")
    lists = dict(line.split(": ") for line in result.out.splitlines() if ": " in line)
    known = {"preset": [*catalog.PRESETS], "protocol": [*catalog.PROTOCOLS]}
    known.update((kind, [*names]) for kind, names in catalog.all_names().items())
    assert {kind: names.split(", ") for kind, names in lists.items()} == known


def test_info_of_a_name_describes_all_that_bears_it(command: Command) -> None:
    told = command("info", "knn").out
    assert "preset knn: observer objects, model knn" in told
    assert "model knn: Scores" in told
    assert "  k: int = 1" in told
    assert "protocol causal: " in command("info", "causal").out
    assert "knm: nothing is there" in command("info", "knm").error


def test_info_of_a_path_is_of_the_video_there(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though something is called so."""
    album(tmp_path / "knn", seconds=1)
    monkeypatch.chdir(tmp_path)
    assert "128 x 96" in command("info", "knn").out


def test_info_of_videos_counts_only_when_asked(command: Command, usual: Path, tmp_path: Path) -> None:
    frames = album(tmp_path / "frames", seconds=1)
    rows = [line.split() for line in command("info", usual, frames).out.splitlines()]
    assert rows[1] == ["usual", "128", "x", "96", "10", "about", "120"]
    assert rows[2] == ["frames", "128", "x", "96", "25", "(assumed)", "about", "10"]
    counted = command("info", usual, "--count").out.splitlines()[1].split()
    assert counted == ["usual", "128", "x", "96", "10", "120", "-"]  # no holes


def test_info_of_a_detector_is_json(command: Command, fitted: Path) -> None:
    told = json.loads(command("info", fitted).out)
    assert told["fitted"]["on"]["videos"] == ["slower", "usual"]
    assert told["observer"]["settings"]["embedding"] == 0


@pytest.mark.parametrize("name", ["fit", "score", "info"])
def test_every_command_is_explained(command: Command, name: str) -> None:
    assert name in command("--help").out
    result = command(name, "--help")
    assert (result.code, result.err) == (0, "")
    assert command(name, "-h") == result
    assert f"Usage: oddframe {name} [OPTIONS]" in result.out
    assert command("--version").out == f"oddframe {__version__}\n"


def test_a_command_that_is_not_there_suggests_the_one_that_is(command: Command) -> None:
    result = command("scor", "d.oddframe", "x.mp4")
    assert (result.code, result.out) == (2, "")
    assert "'score'" in result.err
