"""The date and time at which a recording starts, as its name or its metadata tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from oddframe.errors import SettingsError

_FIELDS: Mapping[str, str] = {
    **dict.fromkeys("dHIMSmy", r"\d{2}"),
    "Y": r"\d{4}",
    "j": r"\d{3}",
    "f": r"\d{1,6}",
    "b": r"[^\W\d_]{3}\.?",
    "B": r"[^\W\d_]+",
    "p": r"[AaPp][Mm]",
    "z": r"(?:Z|[+-]\d{2}:?\d{2})",
    "%": "%",
}
"""What each directive of `datetime.strptime` looks like in a name."""

_EARLIEST = 1990
"""Containers count from 1904 or 1970; what lies before video files were common is a clock that was never set."""


def start_in_name(path: str | Path, pattern: str) -> datetime | None:
    """The date and time that a path tells, the last that it tells; None where it tells none.

    Args:
        path: of a file or folder; parent folders count, so that a pattern may hold slashes.
        pattern: as `datetime.strptime` takes it.

    Raises:
        SettingsError: the pattern holds no date and time, or something unknown.

    >>> start_in_name("/rec/gate_2026-11-28_13-05-00.mp4", "%Y-%m-%d_%H-%M-%S")
    datetime.datetime(2026, 11, 28, 13, 5)
    """
    looks = _looks(pattern)
    for match in reversed(list(re.finditer(f"(?=(?<!\\d)({looks}))", Path(path).as_posix()))):
        try:
            return datetime.strptime(match[1], pattern)
        except ValueError:
            continue
    return None


def _looks(pattern: str) -> str:
    """A regular expression for what a pattern matches."""
    pieces = re.split(r"%(.)", pattern)
    fields = pieces[1::2]
    unknown = sorted(set(fields) - _FIELDS.keys())
    if unknown or not {"H", "I"} & set(fields) or not {"d", "j"} & set(fields):
        wrong = f"%{unknown[0]} is not known" if unknown else "it needs a day and an hour at least"
        raise SettingsError(f"starts {pattern!r}: {wrong}; write it as '%Y-%m-%d_%H-%M-%S'")
    looks = re.escape(pieces[0])
    for name, text in zip(fields, pieces[2::2], strict=True):
        looks += _FIELDS[name] + re.escape(text)
    return looks


def start_in_metadata(metadata: Mapping[str, str]) -> datetime | None:
    """The `creation_time` of a container, in UTC; None where there is none that can be true."""
    try:
        said = datetime.fromisoformat(metadata.get("creation_time", ""))
    except ValueError:
        return None
    known = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    return known.astimezone(UTC) if known.year >= _EARLIEST else None
