"""The command as a process of its own: pipes, terminals, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.running import QUICK, content

ODDFRAME = [sys.executable, "-c", "from oddframe.cli import main; main()"]


def words(*arguments: str | Path) -> list[str]:
    return [*ODDFRAME, *(str(argument) for argument in arguments)]


def on_a_terminal(arguments: Sequence[str]) -> tuple[str, str]:
    """What goes to a pipe, and what to the terminal that stderr is."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as run:
        os.close(theirs)
        assert run.stdout is not None
        out, shown = run.stdout.read(), b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # how Linux says that a terminal is closed
            pass
        os.close(ours)
    assert run.returncode == 0
    return out.decode(), shown.decode()


def test_results_go_to_the_pipe_and_progress_to_the_terminal(fitted: Path, footage: Path, tmp_path: Path) -> None:
    out, shown = on_a_terminal(words("score", fitted, footage, "--json", "--cache", tmp_path))
    assert [json.loads(line)["video"] for line in out.splitlines()] == ["slower", "usual"]
    assert "observing slower (1 of 2)" in shown
    assert "observing usual (2 of 2)" in shown
    assert "frames/s" in shown
    assert '"video"' not in shown


def test_a_reader_that_has_enough_gives_no_traceback(fitted: Path, footage: Path) -> None:
    for last in (("--json",), ()):
        with subprocess.Popen(
            words("score", fitted, footage, *last), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as run:
            assert run.stdout is not None
            assert run.stderr is not None
            run.stdout.close()
            assert run.stderr.read() == b""
        assert run.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_one_line(fitted: Path, usual: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        run = subprocess.run(
            words("score", fitted, usual, "--json"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (run.returncode, run.stderr) == (1, "error: standard output: No space left on device\n")


INTERRUPTED = """
import os, signal
from oddframe.cli import main
from oddframe.video.file import FileVideo

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs in the background inherits a deaf ear

def at_the_thirtieth(frame):
    if frame.index == 30:
        os.kill(os.getpid(), signal.SIGINT)
    return frame

real = FileVideo._pass
FileVideo._pass = lambda video: map(at_the_thirtieth, real(video))
main()
"""
"""The command, with Ctrl-C pressed while it watches the first video."""


def test_ctrl_c_ends_at_once_and_leaves_nothing(usual: Path, tmp_path: Path) -> None:
    arguments = words("fit", usual, "-o", tmp_path / "d", "--cache", tmp_path / "cache", *QUICK)
    arguments[arguments.index("-c") + 1] = INTERRUPTED
    run = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (130, "")
    assert "Traceback" not in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert {name.split("/")[0] for name in content(tmp_path / "cache")} <= {"locks"}
