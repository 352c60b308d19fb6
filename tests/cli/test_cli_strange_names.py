"""Names that are no text, or that a terminal or a spreadsheet obeys, in every command that prints or writes them."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.running import QUICK, Command, Result

NAMES = [
    "cam\udcff",
    "esc\x1b]0;title\x07\x1b[31m",
    "=cmd|calc",
    "-dash",
    "bidi\u202egpj",
    "two\nlines",
    "c1\x9b2J",
    "über 视频",
]
SHOWN = [
    "cam\\xff",
    "esc\\x1b]0;title\\x07\\x1b[31m",
    "=cmd|calc",
    "-dash",
    "bidi\\u202egpj",
    "two\\nlines",
    "c1\\x9b2J",
    "über 视频",
]
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems have no such names")


@pytest.fixture(scope="module")
def strange(fast: Path, usual: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same video under many names, and what is normal beside it."""
    folder = tmp_path_factory.mktemp("strange")
    for name in NAMES:
        shutil.copy(fast, folder / f"{name}.mp4")
    return folder


def safe(result: Result) -> Result:
    """The result, if nothing in it steers a terminal."""
    assert not UNSAFE.search(result.out)
    assert not UNSAFE.search(result.err)
    return result


def table(file: Path) -> list[dict[str, str]]:
    """Rows of a table, which is UTF-8."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_events_and_their_files(command: Command, fitted: Path, strange: Path, tmp_path: Path) -> None:
    result = safe(command("score", fitted, strange, "--events", tmp_path / "events"))
    assert result.code == 0
    assert {line.split("  ")[0].strip() for line in result.out.splitlines()[1:]} >= set(SHOWN)
    rows = table(tmp_path / "events" / "events.csv")
    quoted = {"'" + name if name[0] in "=-" else name for name in SHOWN}
    assert {row["video"] for row in rows} == quoted
    for row in rows:
        assert re.fullmatch(r"[\w.][\w.-]*\.mp4", row["clip"], re.ASCII)
        assert (tmp_path / "events" / row["clip"]).is_file()
    told = json.loads((tmp_path / "events" / "events.json").read_text("utf-8"))
    assert {video["video"] for video in told["videos"]} == set(NAMES), "JSON has the names as they are"


def test_score_as_json_has_the_names_as_they_are(command: Command, fitted: Path, strange: Path) -> None:
    result = safe(command("score", fitted, strange, "--json"))
    assert [one["video"] for one in result.objects] == sorted(NAMES)


def test_info_and_errors(command: Command, strange: Path) -> None:
    result = safe(command("info", strange))
    assert {line.split("  ")[0].strip() for line in result.out.splitlines()[1:]} == set(SHOWN)
    missing = safe(command("info", strange / "no\x1b[2Jne.mp4"))
    assert "no\\x1b[2Jne.mp4" in missing.error
    option = safe(command("score", "--no\x1b[2J"))
    assert (option.code, option.out) == (2, "")
    assert option.err.splitlines() == ["error: --no\\x1b[2J: no such option; write ./ before the name of a file"]


def test_a_report(command: Command, fitted: Path, strange: Path, tmp_path: Path) -> None:
    assert safe(command("report", fitted, strange, "-o", tmp_path)).code == 0
    assert "cmd|calc" in (tmp_path / "report.html").read_text("utf-8")


def test_a_search(command: Command, strange: Path, usual: Path, tmp_path: Path) -> None:
    """The pile holds each strange name once, among normal video."""
    pile = tmp_path / "pile"
    pile.mkdir()
    shutil.copy(strange / f"{NAMES[0]}.mp4", pile)
    shutil.copy(usual, pile / f"{NAMES[1]}.mp4")
    shutil.copy(usual, pile / f"{NAMES[2]}.mp4")
    result = safe(command("discover", pile, "-d", "knn", "-o", tmp_path / "found", *QUICK))
    assert result.code == 0
    assert SHOWN[0] in {row["video"] for row in table(tmp_path / "found" / "moments.csv")}


def test_a_bench(command: Command, strange: Path, usual: Path, tmp_path: Path) -> None:
    for part in ("normal", "test"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for number in range(2):
        os.link(usual, tmp_path / "data" / "normal" / f"{number}.mp4")
    shutil.copy(strange / f"{NAMES[0]}.mp4", tmp_path / "data" / "test")
    shutil.copy(strange / f"{NAMES[1]}.mp4", tmp_path / "data" / "test")
    shutil.copy(usual, tmp_path / "data" / "test" / "late.mp4")
    (tmp_path / "data" / "labels.csv").write_text("video,start,end\nlate,0,2\n")
    result = safe(
        command("bench", "folder", "--root", tmp_path / "data", "-d", "knn", "-o", tmp_path / "o\udcff", *QUICK)
    )
    assert result.code == 0
    (tmp_path / "o\udcff" / "results.md").read_text("utf-8")
