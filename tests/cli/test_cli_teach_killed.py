"""A real `oddframe teach`, really killed; and two of them at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from oddframe.engine.store import locked
from tests.cli.running import Command
from tests.conftest import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_kill_leaves_the_old_or_the_new_detector_and_two_at_once_both_count(
    fitted: Path, fast: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.cli.teaching_killed", str(fitted), str(fast), str(tmp_path)]
    single = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=single, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = told["found"]
    assert set(found) == {"old", "new"}
    assert found == sorted(found, reverse=True), "once it is the new one, it stays so"
    assert found.count("old") > 8
    assert found.count("new") > 1
    assert told["codes"] == [0, 0]
    assert told["frames"] == [[0, 20], [20, 40]]


def test_the_second_says_that_it_waits(command: Command, detector: Path, fast: Path) -> None:
    held, wait = Event(), Event()

    def hold() -> None:
        with locked(detector):
            held.set()
            wait.wait(0.5)

    thread = Thread(target=hold)
    thread.start()
    assert held.wait(20)
    result = command("teach", detector, fast, "--from", "0", "--to", "4")
    thread.join()
    assert result.code == 0
    assert result.err.splitlines()[0] == f"{detector}: waiting for another program that is changing it"
