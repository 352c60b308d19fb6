"""Writing so that a kill leaves the old or the new and nothing in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from oddframe.errors import StoreError


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
