"""Commands that are killed, interrupted, out of disk or in company at each of their file operations.

    python benchmarks/faults.py                      # everything, an hour or so on two cores
    python benchmarks/faults.py --every 10           # every tenth operation
    python benchmarks/faults.py --only score --json  # one command

A command runs in a process of its own, over a folder that holds what an earlier run wrote. At its nth operation on
that folder (opening a file for writing, renaming, removing, making a folder, linking, syncing) something happens. Then:

- each file that a command writes is the earlier one, the new one or absent, never a part;
- videos, and detectors that the command only reads, are as they were;
- the same command run again ends well, with what it gives when nothing happens.

It forks, which is safe only while no library has started threads: so it is a program of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av  # noqa: F401  # imported here, so that no child has to
import cv2
import faiss  # noqa: F401
import matplotlib.pyplot as plt  # noqa: F401
import scipy.spatial  # noqa: F401
import torch

from oddframe import Detector, bench, discover, report  # noqa: F401
from oddframe.cli import main
from oddframe.engine import store
from oddframe.testing.faults import FAULTS, at_each, ended, forked, grown
from oddframe.testing.scenes import moving_square
from oddframe.video.write import write_video

QUICK = ("--set", "observer.embedding=0")
CLOCK = re.compile(rb'"(when|fit_seconds|score_seconds|command)": [^,\n]*')


@dataclass(frozen=True)
class Command:
    """A command to disturb.

    Args:
        name: what it is called in the table.
        arguments: of the command line, run inside of the working folder.
        before: command lines that are run first, once, in the pristine folder: they write what the command replaces.
        written: patterns of the files that it writes.
        detector: a detector that it replaces; it is compared by content, as every save has names of its own.
    """

    name: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    written: tuple[str, ...] = ()
    detector: str = ""


FIT = ("fit", "normal", "-d", "knn", *QUICK, "--cache", "cache")
SCORE = ("score", "gate.oddframe", "fast.mp4", "slow.mp4", "--events", "events", "--cache", "cache")
REPORT = ("report", "gate.oddframe", "fast.mp4", "-o", "page", "--cache", "cache")
DISCOVER = ("discover", "pile", "-d", "knn", *QUICK, "-o", "found", "--cache", "cache")
BENCH = ("bench", "folder", "--root", "data", "-d", "knn", *QUICK, "-o", "figures", "--cache", "cache")
TEACH = ("teach", "gate.oddframe", "fast.mp4", "--from", "0", "--to", "4", "--cache", "cache")
COMMANDS = (
    Command("fit", (*FIT, "-o", "gate.oddframe"), detector="gate.oddframe"),
    Command("teach", TEACH, detector="gate.oddframe"),
    Command("absorb", ("absorb", "gate.oddframe", "slow.mp4", "--cache", "cache"), detector="gate.oddframe"),
    Command("calibrate", ("calibrate", "gate.oddframe", "--alarm-rate", "0.2"), detector="gate.oddframe"),
    Command(
        "score --events",
        SCORE,
        (("score", "gate.oddframe", "slow.mp4", "--events", "events", "--cache", "cache"),),
        ("events/*",),
    ),
    Command("report", REPORT, ((*REPORT, "--title", "earlier"),), ("page/*",)),
    Command("discover", DISCOVER, ((*DISCOVER, "--moments", "1"),), ("found/*.*", "found/thumbnails/*")),
    Command("bench", BENCH, ((*BENCH, "--seed", "5"),), ("figures/*.*",)),
)


def run(command: Command, folder: Path, hit: Callable[[int, str], None] | None = None) -> int:
    """Run a command in a folder, in a child; what it printed as errors lies in `stderr` beside the folder."""

    def action() -> None:
        os.chdir(folder)
        if hit is not None:
            at_each(folder, hit)
        main(list(command.arguments))

    return forked(action, folder.with_suffix(".stderr"))


def content(path: Path) -> bytes:
    """A file's content, without the times of day and durations in it."""
    return CLOCK.sub(b"", path.read_bytes()) if path.suffix in (".json", ".md", ".html") else path.read_bytes()


def files(folder: Path, patterns: tuple[str, ...]) -> dict[str, bytes]:
    """Name -> digest of what a command has written; of lists of events their text."""
    found = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return {
        str(path.relative_to(folder)): content(path)
        if path.stem == "events"
        else hashlib.sha256(content(path)).digest()
        for path in found
        if path.name[0] != "."
    }


def detector_of(folder: Path) -> Any:
    """All that a saved detector says, but not when it was told."""
    document, tensors, _ = store.read(folder)
    for change in document["fitted"]["changes"]:
        del change["when"]
    del document["fitted"]["on"]["when"]
    flat = {f"{g}/{n}": t.numpy().tobytes() for g, part in tensors.items() for n, t in part.items()}
    return document, flat


def untouched(folder: Path, command: Command) -> dict[str, bytes]:
    """What nobody may change: videos, and a detector that is only read."""
    kept = [path for path in folder.rglob("*.mp4") if path.relative_to(folder).parts[0] != "events"]
    if not command.detector:
        kept += [path for path in (folder / "gate.oddframe").iterdir() if path.suffix != ".lock"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).digest() for path in sorted(kept)}


@dataclass(frozen=True)
class State:
    """What is there of a command's results."""

    files: dict[str, bytes]
    detector: Any

    @classmethod
    def of(cls, folder: Path, command: Command) -> State:
        return cls(files(folder, command.written), detector_of(folder / command.detector) if command.detector else None)


def whole(found: State, old: State, new: State) -> str:
    """ "" if everything is old, new or absent; else what is not."""
    if found.detector not in (old.detector, new.detector):
        return "the detector is neither the old nor the new"
    for name, digest in found.files.items():
        if digest not in (old.files.get(name), new.files.get(name)) and not grown(
            name, digest, new.files.get(name, b"")
        ):
            return f"{name} is neither the old nor the new"
    return ""


def prepare(scratch: Path) -> Path:
    """A pristine working folder: videos, a detector, a cache that has seen the videos that are fitted on."""
    folder = scratch / "pristine"
    for part, count in (("normal", 2), ("pile", 3), ("data/normal", 2), ("data/test", 2)):
        (folder / part).mkdir(parents=True)
        for number in range(count):
            _film(folder / part / f"{number}.mp4", 17 + number)
    _film(folder / "fast.mp4", 60)
    _film(folder / "slow.mp4", 40)
    shutil.copy(folder / "fast.mp4", folder / "data" / "test" / "fast.mp4")
    (folder / "data" / "labels.csv").write_text("video,start,end\nfast,0,4\n")
    assert ended(run(Command("fit", (*FIT, "-o", "gate.oddframe", "--seed", "3")), folder)) == 0, _said(folder)
    return folder


def _film(path: Path, speed: float) -> None:
    frames = moving_square(speed=speed, seconds=6 if speed < 30 else 4, fps=10).frames
    write_video(path, (frame.image for frame in frames), Fraction(10))


def _said(folder: Path) -> str:
    return folder.with_suffix(".stderr").read_text(errors="replace")


@dataclass(frozen=True)
class Trial:
    """One command that is tried again and again.

    Args:
        command: which.
        start: the folder that each trial starts from.
        scratch: where trials happen.
        old, new: its results before, and undisturbed.
        kept: what nobody may change.
    """

    command: Command
    start: Path
    scratch: Path
    old: State
    new: State
    kept: dict[str, bytes]

    @classmethod
    def prepared(cls, command: Command, pristine: Path, scratch: Path) -> Trial:
        """Run what comes before the command, and the command once undisturbed."""
        start = Path(shutil.copytree(pristine, scratch / "start"))
        for line in command.before:
            assert ended(run(Command("before", line), start)) == 0, _said(start)
        shutil.rmtree(start / "cache")
        shutil.copytree(pristine / "cache", start / "cache")
        undisturbed = Path(shutil.copytree(start, scratch / "undisturbed"))
        assert ended(run(command, undisturbed)) == 0, _said(undisturbed)
        new = State.of(undisturbed, command)
        shutil.rmtree(undisturbed)
        return cls(command, start, scratch, State.of(start, command), new, untouched(start, command))

    def at(self, fault: str, n: int) -> tuple[bool, list[str]]:
        """Whether there is an nth operation for something to happen to, and what went wrong."""
        folder, mark = Path(shutil.copytree(self.start, self.scratch / "trial")), self.scratch / "happened"
        act, codes = FAULTS[fault]

        def hit(count: int, event: str) -> None:
            if count == n:
                os.close(os.open(mark, os.O_CREAT | os.O_WRONLY))
            act(n, count, event)

        code = ended(run(self.command, folder, hit))
        happened = mark.exists()
        mark.unlink(missing_ok=True)
        wrong = [f"left with {code}: {_said(folder)[-300:]}"] if code not in (codes if happened else {0}) else []
        if happened:
            wrong += [*self._left(folder), *self._again(folder)]
        shutil.rmtree(folder)
        return happened, wrong

    def _left(self, folder: Path) -> Iterator[str]:
        """What is wrong with what a disturbed command left."""
        if "Traceback" in _said(folder) or "should not happen" in _said(folder):
            yield f"said {_said(folder)[-300:]}"
        if part := whole(State.of(folder, self.command), self.old, self.new):
            yield part

    def _again(self, folder: Path) -> Iterator[str]:
        """What is wrong with the next run, two days later."""
        _age(folder)
        adds = self.command.name in ("teach", "absorb")  # the first one may have counted
        code = ended(run(self.command, folder))
        if code != 0 and not (adds and State.of(folder, self.command).detector == self.new.detector):
            yield f"the next run fails: {_said(folder)[-300:]}"
        elif not adds and whole(State.of(folder, self.command), self.new, self.new):
            yield "the next run gives something else"
        yield from (f"left behind: {name}" for name in _leftovers(folder))
        if untouched(folder, self.command) != self.kept:
            yield "a video, or a detector that is only read, has changed"

    def two_at_once(self) -> dict[str, Any]:
        """The same command twice, over the same folder: both end well."""
        folder = Path(shutil.copytree(self.start, self.scratch / "both"))
        codes = [ended(child) for child in (run(self.command, folder), run(self.command, folder))]
        adds = self.command.name in ("teach", "absorb")
        wrong = [f"left with {codes}: {_said(folder)[-300:]}"] if any(codes) and self.command.name != "absorb" else []
        if not adds and whole(State.of(folder, self.command), self.new, self.new):
            wrong.append("together they give something else")
        shutil.rmtree(folder)
        return {"tried": 1, "wrong": wrong}


def try_command(command: Command, pristine: Path, scratch: Path, every: int, faults: list[str]) -> dict[str, Any]:
    """Counts of what was tried and what went wrong, fault by fault."""
    trial, told = Trial.prepared(command, pristine, scratch), dict[str, Any]()
    for fault in faults:
        wrong, tried = [], 0
        for n in itertools.count(1, every):
            happened, found = trial.at(fault, n)
            wrong += [f"operation {n}: {one}" for one in found]
            tried += happened
            if not happened:
                break
        told[fault] = {"tried": tried, "wrong": wrong}
    told["two at once"] = trial.two_at_once()
    shutil.rmtree(trial.start)
    return told


def _age(folder: Path) -> None:
    """Two days pass: what was left may be swept."""
    for path in folder.rglob("*"):
        if path.name.startswith(".") or path.suffix == ".saving":
            with contextlib.suppress(OSError):
                os.utime(path, (1, 1))


def _leftovers(folder: Path) -> list[str]:
    hidden = [path for path in folder.rglob(".*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in (*hidden, *folder.glob("cache/temporary/*"))]


def really_full(pristine: Path, scratch: Path) -> dict[str, Any]:
    """`score` over a cache on a file system of one megabyte; needs the right to mount one."""
    place = scratch / "small"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mounted, capture_output=True, check=False).returncode:
        return {"tried": 0, "wrong": []}
    folder = Path(shutil.copytree(pristine, scratch / "trial"))
    wrong = []
    try:
        command = Command("score", (*SCORE[:-1], str(place / "cache")))
        code = ended(run(command, folder))
        if code != 1 or "No space left" not in _said(folder):
            wrong.append(f"left with {code}: {_said(folder)[-300:]}")
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        if ended(run(command, folder)) != 0:
            wrong.append(f"with space again: {_said(folder)[-300:]}")
    finally:
        subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(folder)
    return {"tried": 1, "wrong": wrong}


def limited(pristine: Path, scratch: Path) -> dict[str, Any]:
    """`score` where no file may be longer than 8 kB: what the system itself refuses, without rights."""
    folder = Path(shutil.copytree(pristine, scratch / "trial"))
    shutil.rmtree(folder / "cache")
    command = Command("score", SCORE)

    def action() -> None:
        os.chdir(folder)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        main(list(command.arguments))

    code = ended(forked(action, folder.with_suffix(".stderr")))
    wrong = [] if code == 1 and "error: " in _said(folder) else [f"left with {code}: {_said(folder)[-300:]}"]
    if ended(run(command, folder)) != 0:
        wrong.append(f"the next run fails: {_said(folder)[-300:]}")
    shutil.rmtree(folder)
    return {"tried": 1, "wrong": wrong}


def table(told: dict[str, dict[str, Any]]) -> str:
    """The counts as a Markdown table: tried, and of these wrong."""
    columns = [*FAULTS, "two at once"]
    lines = ["| command | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in told.items():
        cells = [f"{row[c]['tried']}, {len(row[c]['wrong'])} wrong" if c in row else "" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="only every nth operation")
    parser.add_argument("--only", action="append", help="a command, as its first word; may be repeated")
    parser.add_argument("--fault", action="append", help=f"{', '.join(FAULTS)}; may be repeated")
    parser.add_argument("--json", action="store_true", help="print JSON, with what went wrong")
    return parser.parse_args()


def all_of(given: argparse.Namespace, scratch: Path) -> dict[str, dict[str, Any]]:
    """Everything that was asked for; progress goes to standard error."""
    pristine, told = prepare(scratch), dict[str, dict[str, Any]]()
    for command in COMMANDS:
        if not given.only or command.name.split()[0] in given.only:
            began = time.monotonic()
            told[command.name] = try_command(command, pristine, scratch, given.every, given.fault or list(FAULTS))
            print(f"{command.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    if not given.fault:
        told["score, 8 kB a file"] = {"disk full from then on": limited(pristine, scratch)}
        told["score, cache on a full disk"] = {"disk full from then on": really_full(pristine, scratch)}
    return told


if __name__ == "__main__":
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    warnings.simplefilter("ignore")
    asked = parsed()
    with tempfile.TemporaryDirectory() as temporary:
        results = all_of(asked, Path(temporary).resolve())
    print(json.dumps(results, indent=1) if asked.json else table(results))
    failures = [
        f"{name}, {fault}, {one}" for name, row in results.items() for fault, got in row.items() for one in got["wrong"]
    ]
    print("\n".join(failures), file=sys.stderr)
    sys.exit(1 if failures else 0)
