"""Faults in a child process, at any of its operations on a folder: kills, interruptions, a full disk, clock jumps.

Forking is safe only while no library has started threads: whoever uses this is a program that imports and forks, and
leaves all work to the children.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

_CLIP = re.compile(r'"clip": (?:null|"[^"]*")')

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.utime", "os.chmod", "os.truncate"}
"""Audit events of operations that change a folder; opening a file for writing is another."""

Fault: TypeAlias = Callable[[int, int, str], None]
"""Called before each operation: the number of the one that something happens to, its own number, and what it is."""


def forked(action: Callable[[], None], errors: Path | None = None) -> int:
    """Do something in a child; its process number."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(errors or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        action()
    except SystemExit as left:
        code = int(left.code or 0)
    except KeyboardInterrupt:
        code = 130
    finally:
        os._exit(code)


def at_each(folder: Path, hit: Callable[[int, str], None]) -> None:
    """Call `hit` with number and name of each operation in a folder, before it is done; for the rest of a process."""
    count, place, sync = 0, str(folder), os.fsync

    def step(event: str) -> None:
        nonlocal count
        count += 1
        hit(count, event)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in CHANGES) and any(isinstance(g, str | Path) and _inside(place, g) for g in given):
            step(event)

    def synced(fd: Any) -> None:
        step("fsync")
        sync(fd)

    os.fsync = synced
    sys.addaudithook(hook)


def _inside(place: str, path: str | Path) -> bool:
    return os.path.abspath(path).startswith(place + os.sep)  # noqa: PTH100  # resolving reads the disk


def ended(child: int) -> int:
    """The exit code of a child; below 0 is the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(n: int, count: int, _: str) -> None:
    """`kill -9`."""
    if count == n:
        os.kill(os.getpid(), signal.SIGKILL)


def interrupted(n: int, count: int, _: str) -> None:
    """Ctrl-C."""
    if count == n:
        os.kill(os.getpid(), signal.SIGINT)


def full(n: int, count: int, event: str) -> None:
    """A disk that is full from then on; what makes room works."""
    if count >= n and event not in ("os.remove", "os.rmdir", "os.rename", "os.truncate"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def briefly_full(n: int, count: int, event: str) -> None:
    """A disk that is full once."""
    if count == n and event not in ("os.remove", "os.rmdir", "os.truncate"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def jumped(n: int, count: int, _: str) -> None:
    """The clock goes forward by three years, or back from operation to operation."""
    if count == n:
        real, sign = time.time, 1 if n % 2 else -1
        time.time = lambda: real() + sign * 3 * 365 * 86400


FAULTS: Mapping[str, tuple[Fault, set[int]]] = {
    "kill -9": (killed, {-signal.SIGKILL}),
    "SIGINT": (interrupted, {130, 0}),  # 0: it came too late to matter
    "disk full from then on": (full, {1}),
    "disk full once": (briefly_full, {0, 1}),
    "clock jumps": (jumped, {0}),
}
"""Name -> the fault, and the exit codes that a command may leave with."""


def grown(name: str, found: bytes, new: bytes) -> bool:
    """Whether a list of events is whole, and that of the first videos.

    `score --events` replaces its lists after each video, and once more when the video's clips are written.

    Args:
        name: of the file; another than `events.csv` and `events.json` never is.
        found: its content, after a command that was disturbed.
        new: the content after one that was not.
    """
    if name.endswith("events.csv"):
        some, every = (list(csv.DictReader(io.StringIO(text.decode()))) for text in (found, new))
    elif name.endswith("events.json"):
        some, every = (json.loads(text)["videos"] if text else [] for text in (found, new))
    else:
        return False
    one, other = (_CLIP.sub("", json.dumps(rows)) for rows in (some, every[: len(some)]))
    return one == other
