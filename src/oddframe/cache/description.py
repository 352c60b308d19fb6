"""An entry's description, believed only after everything that it says has been compared with the files.

An entry may be cut, altered, from another version, or made by somebody who wants memory to run out. So nothing is
allocated by what a description says before the files beside it have been found to have that much content.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from oddframe.cache.shards import to_numpy
from oddframe.files import UNREADABLE, read_json, write_durably
from oddframe.scoring import Reasons
from oddframe.types import Field, Json, Spec

FORMAT = 4
"""Of an entry's files; part of every cache key. 2 had no checksums, 3 no times."""

META = "entry.json"

MOST_FRAMES = 10**9
"""Frames of a video: more than a year at 30 a second."""

COLUMNS: Mapping[str, tuple[tuple[int, ...], type]] = {
    "frame": ((), np.int64),
    "span": ((2,), np.int64),
    "ready": ((), np.int64),
    "box": ((4,), np.float32),
    "track": ((), np.int64),
}
"""Name -> shape of a row, dtype."""

TIME = "time"
"""The column of the frames' times, one row a frame; there only where frames are not evenly spaced."""

_PIECE = 1 << 20

Shards: TypeAlias = tuple[int, Mapping[str, int]]
"""Rows in one file, and the files' checksums by name."""


class DamagedEntry(Exception):
    """The files are not what their description says. Internal: the cache answers by observing again."""


@dataclass(frozen=True, slots=True)
class Description:
    """What an entry says of itself.

    Args:
        frames: how many frames the video has.
        rows: how many observations there are.
        spec: what their data look like.
        reasons: its unscorable frames.
        view: what the camera saw; None where nobody can tell.
        columns: name -> rows in one file, and the files' checksums.
        uneven: the nominal frame rate and the first frame of each part, where there is a column of times.
    """

    frames: int
    rows: int
    spec: Spec
    reasons: Reasons
    view: Json
    columns: Mapping[str, Shards]
    uneven: tuple[Fraction, tuple[int, ...]] | None = None


def write_description(folder: Path, content: Description) -> None:
    """Write it, which makes an entry whole. Raises `OSError`."""
    told = {
        "format": FORMAT,
        "frames": content.frames,
        "rows": content.rows,
        "spec": content.spec.to_json(),
        "reasons": [list(run) for run in content.reasons],
        "view": content.view,
        "uneven": None if content.uneven is None else [str(content.uneven[0]), list(content.uneven[1])],
        "columns": {name: {"rows": rows, "files": dict(files)} for name, (rows, files) in content.columns.items()},
    }
    write_durably(folder / META, json.dumps({"checksum": _checksum_of(told), "entry": told}).encode())


def read_description(folder: Path, spec: Spec | None = None) -> Description:
    """Read and check an entry: every file is read once.

    Args:
        folder: where it lies.
        spec: what its data have to look like; None = as it says itself.

    Raises:
        DamagedEntry: anything is wrong with it.
    """
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise DamagedEntry(f"{folder}: is no folder")
        told = read_json(folder / META)
        if told["checksum"] != _checksum_of(told["entry"]) or told["entry"]["format"] != FORMAT:
            raise DamagedEntry(f"{folder / META}: altered, or of another format")
        made = _parsed(told["entry"])
        if spec is not None and made.spec != spec:
            raise DamagedEntry(f"{folder}: holds other data than the observer gives")
        _check(folder, made)
    except UNREADABLE as error:
        raise DamagedEntry(f"{folder}: {str(error)[:200] or type(error).__name__}") from error
    return made


def checksum_of(file: Path) -> int:
    """CRC-32 of a file's content: it notices what goes wrong by itself, at the speed of reading. Raises `OSError`."""
    found = 0
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            found = zlib.crc32(piece, found)
    return found


def _checksum_of(told: Any) -> int:
    return zlib.crc32(json.dumps(told, sort_keys=True).encode())


def _parsed(told: Mapping[str, Any]) -> Description:
    frames, rows = int(told["frames"]), int(told["rows"])
    if not (0 <= frames <= MOST_FRAMES and rows >= 0):
        raise ValueError(f"{frames} frames, {rows} observations")
    reasons = tuple((int(start), int(stop), str(word)) for start, stop, word in told["reasons"])
    if any(not 0 <= start < stop <= frames for start, stop, _ in reasons):
        raise ValueError("unscorable frames that are not in the video")
    columns = {
        str(name): (int(column["rows"]), {str(file): int(crc) for file, crc in column["files"].items()})
        for name, column in told["columns"].items()
    }
    uneven = None
    if told["uneven"] is not None:
        fps, starts = told["uneven"]
        uneven = Fraction(fps), tuple(int(start) for start in starts)
    return Description(frames, rows, Spec.from_json(told["spec"]), reasons, told["view"], columns, uneven)


def _check(folder: Path, made: Description) -> None:
    expected = dict(_expected(made))
    there = set(made.columns)
    needed = {name for name, (*_, rows) in expected.items() if rows and name != "track"}
    if there - set(expected) or needed - there:
        raise ValueError(f"columns {sorted(there)[:9]}")
    for name, (per_shard, files) in made.columns.items():
        shape, kind, rows = expected[name]
        left = rows
        for number, (file, checksum) in enumerate(files.items()):
            if file != f"{name}.{number:05d}.npy":
                raise ValueError(f"a file that is named {file[:80]!r}")
            count = min(per_shard, left)
            _check_shard(folder / file, (count, *shape), kind)
            if checksum_of(folder / file) != checksum:
                raise ValueError(f"{file} was altered since it was written")
            left -= count
        if left or per_shard < 1:
            raise ValueError(f"{name} has too few rows")


def _expected(made: Description) -> Iterator[tuple[str, tuple[tuple[int, ...], np.dtype[Any], int]]]:
    """Column -> shape of a row, dtype, how many rows."""
    for name, (shape, kind) in COLUMNS.items():
        yield name, (shape, np.dtype(kind), made.rows)
    for number, field in enumerate(made.spec.fields.values()):
        yield f"data-{number}", (*_stored(field), made.rows + _ahead(field) if made.rows else 0)
    if made.uneven is not None:
        yield TIME, ((), np.dtype(np.float64), made.frames)


def _stored(field: Field) -> tuple[tuple[int, ...], np.dtype[Any]]:
    kind = to_numpy(torch.zeros(0, dtype=field.dtype)).dtype
    return (field.shape[1:] if field.slide else field.shape), kind


def _ahead(field: Field) -> int:
    """Frames that are stored after the last row's first."""
    return (field.shape[0] - 1) * field.slide if field.slide else 0


def _check_shard(file: Path, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    """Compare a file's header and size with what it has to hold."""
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as stream:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise ValueError(f"{file.name} is no file")
        try:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError("another version")
            found, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        except Exception as error:  # a header is parsed as Python, which fails in many ways
            raise ValueError(f"{file.name} has a senseless header") from error
        size = stream.tell() + int(np.prod(shape, dtype=object)) * kind.itemsize
    if (found, fortran, dtype) != (shape, False, kind) or told.st_size != size:
        raise ValueError(f"{file.name} holds something else than {shape} {kind}")
