"""Some of what `benchmarks/faults.py` tries: commands that are killed or out of disk lose nothing and lock nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
@pytest.mark.parametrize(
    ("command", "faults", "every"),
    [
        ("score", ("kill -9", "disk full from then on"), 40),
        ("report", ("SIGINT", "disk full once"), 20),
        ("discover", ("kill -9",), 40),
    ],
)
def test_nothing_is_lost_and_the_next_run_works(command: str, faults: tuple[str, ...], every: int) -> None:
    asked = [part for fault in faults for part in ("--fault", fault)]
    program = [
        sys.executable,
        str(ROOT / "benchmarks" / "faults.py"),
        "--only",
        command,
        "--every",
        str(every),
        "--json",
    ]
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    single = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(program + asked, env=single, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout).values()
    assert all(row[fault]["tried"] >= 2 for fault in faults), "there are operations to disturb"
    assert row["two at once"]["tried"] == 1
