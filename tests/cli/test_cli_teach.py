"""`oddframe teach`, `forget`, `absorb` and `score --explain`: what is printed where, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oddframe.engine.detector import Detector
from tests.cli.running import QUICK, Command, content, film


def test_what_was_taught_alarms_no_more_until_it_is_forgotten(command: Command, detector: Path, fast: Path) -> None:
    before = command("score", detector, fast, "--json").objects[0]
    (event,) = before["events"]
    result = command("teach", detector, fast, "--from", event["start_time"], "--to", f"0:{event['end_time']:04.1f}")
    assert result.code == 0
    first, note = result.err.splitlines()
    assert first.startswith("taught ")
    assert "observations of fast, 0:00.0 to 0:04.0: scores up to" in first
    assert note.startswith("note: 1 moment taught since the threshold was learnt")
    head, *rows = result.out.splitlines()
    assert head.split() == ["time", "box", "score", "before", "after"]
    assert 1 <= len(rows) <= 13
    assert all(float(row.split()[-1]) < 0.01 < float(row.split()[-2]) for row in rows)
    after = command("score", detector, fast, fast.parent / "normal", "--json")
    assert after.objects[0]["events"] == []
    assert after.err.count("since the threshold was learnt") == 1
    assert json.loads(command("info", detector).out)["fitted"]["changes"][0]["video"] == "fast"
    result = command("forget", detector, fast)
    assert (result.code, result.out, result.err) == (0, "", "forgot fast: 1 taught moment\n")
    assert command("score", detector, fast, "--json").objects[0] == before


def test_explanations_say_what_is_near_and_how_near_it_would_have_to_be(
    command: Command, fitted: Path, usual: Path, fast: Path
) -> None:
    result = command("score", fitted, usual, fast, "--explain")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    block = lines[lines.index("fast, event 1, 0:00.0 to 0:04.0:") + 1 :]
    assert block[0].startswith("  at 0:0")
    assert block[0].endswith("normal scales away")
    assert block[1].startswith("  normal if within ")
    assert [line.split()[0] for line in block[2:]] == ["near", "near", "near", "distance:"]
    assert float(block[2].split()[1].rstrip(":")) > float(block[1].split()[-1])
    one, two = command("score", fitted, usual, fast, "--explain", "--json").objects
    assert one["explanations"] == []
    (told,) = two["explanations"]
    assert told["frame"] == two["events"][0]["peak"]
    assert told["nearest"][0]["video"] in ("usual", "slower")
    assert told["distance"] > told["within"]


def test_tables_of_hashes_are_told_one_by_one(command: Command, footage: Path, fast: Path, tmp_path: Path) -> None:
    assert command("fit", footage, "-o", tmp_path / "d", "-d", "lsh", *QUICK).code == 0
    out = command("score", tmp_path / "d", fast, "--explain").out
    rows = [line for line in out.splitlines() if line.startswith("  table")]
    assert len(rows) == 8
    assert all("normal codes, bucket " in row for row in rows)


def test_more_normal_days_renew_the_threshold(command: Command, detector: Path, tmp_path: Path) -> None:
    days = film(tmp_path / "monday.mp4", 20, seconds=60)
    before = Detector.load(detector).calibration
    result = command("absorb", detector, days)
    assert (result.code, result.out) == (0, "")
    (line,) = result.err.splitlines()
    assert line.startswith("absorbed 1 video in ")
    after = Detector.load(detector).calibration
    assert line.endswith(f"threshold {before.threshold:.4g} to {after.threshold:.4g}")
    assert after != before
    assert command("absorb", detector, days).error.startswith("'monday' is known already; forget it first")
    forgot = command("forget", detector, "monday").err.splitlines()
    assert forgot[0] == "forgot monday: what was learnt from it as normal video"
    assert "1 video forgotten" in forgot[1]


WRONG = [
    (["teach", "FAST", "--from", "1", "--to", "9"], "fast: 1 to 9 s is not within the video, which lasts 4.000 s"),
    (["teach", "FAST", "--from", "3", "--to", "2"], "fast: 3 to 2 s is no range"),
    (["teach", "FAST", "--from", "1:x", "--to", "2"], "--from 1:x: write a time as"),
    (["teach", "FAST", "--from", "0:75", "--to", "2:00"], "--from 0:75: minutes and seconds"),
    (["teach", "FAST", "--from", "1", "--to", "nan"], "--to nan: write a time as"),
    (["teach", "FAST", "--from", "1", "--to", "2", "--box", "1,2,3"], "--box 1,2,3: write x0,y0,x1,y1"),
    (["teach", "FAST", "--from", "1", "--to", "2", "--box", "0,0,3,3"], "fast, 1 to 2 s: nothing lies in that box"),
    (["teach", "gone.mp4", "--from", "1", "--to", "2"], "GONE: nothing is there"),
    (["forget", "fats.mp4"], "fats.mp4: the detector knows no such video; the closest names are "),
    (["absorb", "NORMAL"], "'slower' is known already; forget it first"),
    (["absorb", "FAST", "--holdout", "1"], "holdout 1.0: "),
]


@pytest.mark.parametrize(("arguments", "why"), WRONG, ids=lambda value: " ".join(value) if list is type(value) else "")
def test_what_makes_no_sense_is_one_line_and_changes_nothing(
    command: Command, detector: Path, fast: Path, arguments: list[str], why: str
) -> None:
    before = content(detector)
    known = {"FAST": str(fast), "NORMAL": str(fast.parent / "normal")}
    name, *rest = (known.get(word, word) for word in arguments)
    error = command(name, detector, *rest).error
    assert error.startswith(why.replace("GONE", str(Path("gone.mp4").absolute())))
    assert content(detector) == before


@pytest.mark.parametrize("name", ["teach", "forget", "absorb"])
def test_corrections_are_explained(command: Command, name: str, tmp_path: Path) -> None:
    assert name in command("--help").out
    assert command(name, "--help").code == 0
    more = {"teach": ["x.mp4", "--from", "1", "--to", "2"]}.get(name, ["x.mp4"])
    assert "nothing is there" in command(name, tmp_path / "gone.oddframe", *more).error
