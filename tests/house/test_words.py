"""What the repository must not say: where it was made, where packages came from, what is still to do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.conftest import ROOT

# Written in two halves, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(map("".join, [("/wo", r"rk/"), ("/ro", r"ot/"), ("/tm", r"p/dev"), ("/ho", r"me/\w"), ("/Us", r"ers/\w")]))
)
HOSTS = re.compile(
    "|".join(
        map(
            "".join,
            [
                (r"pypi\.", "org"),
                (r"python", r"hosted\.org"),
                (r"download\.pytor", r"ch\.org"),
                ("--(extra-)?ind", "ex-url"),
                ("find", "-links"),
            ],
        )
    )
)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def repository() -> list[Path]:
    """Every file of the repository; without git (an unpacked source archive), everything that git would not ignore."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for name in ("src", "tests", "docs", "benchmarks") for path in (ROOT / name).rglob("*.[pm][yd]")]


def mentions(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """file:line of every text line in which the pattern occurs."""
    found = []
    for file in files:
        content = file.read_bytes()
        if b"\0" in content[:4096]:
            continue  # a picture, an archive
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{file}:{number}: {line.strip()[:100]}")
    return found


def test_no_machine_is_named() -> None:
    assert not mentions(MACHINE, repository())


def test_no_package_host_is_named() -> None:
    assert not mentions(HOSTS, repository())


def test_nothing_is_left_to_do() -> None:
    assert not mentions(UNFINISHED, [file for file in repository() if ROOT / "src" in file.parents])


def test_planted_words_are_found(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("a = '/wo" + "rk/main'\n# TO" + "DO later\npip install --ind" + "ex-url x\nprefix/workshop\n")
    counts = [len(mentions(pattern, [planted])) for pattern in (MACHINE, HOSTS, UNFINISHED)]
    assert counts == [1, 1, 1]
