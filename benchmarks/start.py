"""How long the command line takes to say something, as a ratio to `import typer, rich`, in processor time.

    python benchmarks/start.py

Each program runs several times, in turns, and its fastest run counts. Fails where a ratio is over the limit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

RUNS = 9
LIMIT = 1.5
BASE = ("-c", "import typer, rich")
COMMANDS = (("--version",), ("--help",), ("fit", "--help"), ("info",))


def processor_seconds(arguments: Sequence[str]) -> float:
    """User and system time of one run of Python."""
    # An installed package is compiled: the first run sees to that.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pid = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment).pid
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"python {' '.join(arguments)} failed")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print a line a command."""
    programs = {"import typer, rich": BASE} | {
        f"oddframe {' '.join(command)}": ("-m", "oddframe", *command) for command in COMMANDS
    }
    fastest = dict.fromkeys(programs, float("inf"))
    for _ in range(RUNS):
        for name, arguments in programs.items():
            fastest[name] = min(fastest[name], processor_seconds(arguments))
    base = fastest["import typer, rich"]
    for name, seconds in fastest.items():
        print(f"{name:24} {seconds:6.3f} s  {seconds / base:5.2f}")
    if max(fastest.values()) > LIMIT * base:
        raise SystemExit(f"over {LIMIT} times `import typer, rich`")


if __name__ == "__main__":
    main()
