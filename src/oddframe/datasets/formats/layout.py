"""Folders as the authors of data sets pack them: found, listed, and described in messages where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oddframe.datasets.base import DataSet
from oddframe.errors import DataError
from oddframe.video.names import natural

SHOWN = 12
"""Entries of a folder that an error lists."""


@dataclass(frozen=True, repr=False)
class StoredDataSet(DataSet):
    """A data set that lies in a folder.

    Args:
        root: the folder; the docstring of the module says what it must hold.
    """

    root: str | Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", str(self.root))  # settings are JSON values

    @property
    def folder(self) -> Path:
        """The root as a path."""
        return Path(self.root).expanduser()


def found_in(folder: Path) -> str:
    """Name the first dozen entries of a folder, for messages."""
    if not folder.is_dir():
        return "no such folder"
    entries = sorted(folder.iterdir(), key=natural)
    names = [entry.name + "/" * entry.is_dir() for entry in entries[:SHOWN]]
    more = f" and {len(entries) - SHOWN} more" if len(entries) > SHOWN else ""
    return f"found {', '.join(names)}{more}" if names else "found an empty folder"


def misfit(folder: Path, title: str, expected: Iterable[str]) -> DataError:
    """Make the error for a folder that is not packed in any of the expected ways."""
    return DataError(f"{folder}: not {title}; expected {' or '.join(expected)}; {found_in(folder)}")


def first_with(root: Path, below: Sequence[str], inside: str) -> Path | None:
    """Find the first of root, root/below[0], ... that has an entry `inside`: archives may unpack one level deeper."""
    folders = [root, *(root / name for name in below)]
    return next((folder for folder in folders if (folder / inside).exists()), None)


def entries(folder: Path, pattern: str) -> list[Path]:
    """List what lies directly in a folder with a name that matches the whole regular expression, in natural order.

    A folder that does not exist has no entries.
    """
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if re.fullmatch(pattern, path.name)), key=natural)


def needed(file: Path, what: str) -> Path:
    """Return the file if it exists.

    Args:
        file: its path.
        what: it holds, for the message.

    Raises:
        DataError: it does not exist.
    """
    if not file.exists():
        raise DataError(f"{file}: missing; {what}; {file.parent.name}/: {found_in(file.parent)}")
    return file
