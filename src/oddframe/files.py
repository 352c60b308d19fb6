"""Files: written so that a kill leaves the old or the new, and read as something that a stranger may have written."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from oddframe.errors import StoreError

MALFORMED = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, RecursionError, MemoryError, EOFError),
)
"""What may be raised by taking apart content that is not what it should be."""

UNREADABLE = (OSError, *MALFORMED)
"""The same, and what the file system says."""

STALE = 24 * 3600
"""Seconds after which a temporary file is nobody's any more."""

_LEFT = re.compile(r"\..+\.[0-9a-f]{12}|\..+\.[0-9a-f]{32}\.\w+", re.DOTALL)
"""Names of temporary files: those of this module, and those of pictures and videos."""

MOST_JSON = 64 * 2**20
"""Bytes of a JSON file that are read."""


def read_regular(path: Path, most: int = MOST_JSON) -> bytes:
    """The content of a plain file.

    Devices and pipes, which may have no end, are refused, and so is what is too long.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: it is missing, no plain file, too long, or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise OSError(errno.EINVAL, "is no plain file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"has more than {most} bytes", str(path))
    return content


def read_json(path: Path, most: int = MOST_JSON) -> Any:
    """The value in a JSON file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: as `read_regular` does.
        ValueError: it is no JSON, or nested too deep.
    """
    try:
        return json.loads(read_regular(path, most))
    except (RecursionError, MemoryError) as error:
        raise ValueError("nested too deep") from error


def within(folder: Path, path: Path) -> bool:
    """Whether a path, links followed, lies in a folder.

    >>> within(Path("/data"), Path("/data/a/b")), within(Path("/data"), Path("/data/../etc"))
    (True, False)
    """
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def check_lock(path: Path) -> None:
    """Raise `StoreError` where something else stands in the place of a lock file: a link, or a folder."""
    if path.is_symlink() or (os.path.lexists(path) and not path.is_file()):
        raise StoreError(f"{path}: is no file but a link or a folder, so it cannot serve as a lock; remove it")


@contextmanager
def storing(
    folder: Path, remedy: str = "free some space or choose another cache folder (--cache, ODDFRAME_CACHE)"
) -> Iterator[None]:
    """Turn whatever the file system refuses into a StoreError that names the folder and the remedy."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        raise StoreError(f"{place}: {error.strerror or error}; {remedy}") from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file, and have it on the disk when this returns."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Write a file, or replace one: a kill on the way leaves the old or the new."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:12]}")
    try:
        write_durably(temporary, content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove temporary files that killed processes left in a folder a day ago or earlier; what cannot be stays."""
    with suppress(OSError):
        for left in folder.iterdir():
            with suppress(OSError):
                if _LEFT.fullmatch(left.name) and left.is_file() and time.time() - left.lstat().st_mtime > STALE:
                    left.unlink()


def sync_file(path: Path) -> None:
    """Have what was written to a file on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have renames within a folder on the disk, where the system can promise that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
