"""NumPy's files, read without trust: no code is run, and no more memory taken than was agreed."""

from __future__ import annotations

import ast
import lzma
import math
import struct
import tokenize
import zlib
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from oddframe.errors import DataError
from oddframe.video.limits import Limits

HEADER = 10_000
"""Most characters of a file's description of its array, as in NumPy."""

UNREADABLE: tuple[type[Exception], ...] = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, EOFError, OverflowError, RecursionError),
    *(MemoryError, SyntaxError, NotImplementedError, RuntimeError),
    *(BadZipFile, zlib.error, lzma.LZMAError, struct.error, tokenize.TokenError),
)
"""All that NumPy and zipfile raise at damaged or malicious files."""


def read_npy(file: Path, limits: Limits = Limits(), *, mapped: bool = False) -> npt.NDArray[Any]:
    """Read the array of a `.npy` file.

    Args:
        file: what to read.
        limits: of what it may take.
        mapped: whether it stays on disk, and is read where it is used; then it may be of any size.

    Raises:
        DataError: it is missing, damaged, holds Python objects, or is larger than the limits.
    """
    try:
        with file.open("rb") as stream:
            size = _stated(stream)
        if not mapped:
            _check(str(file), size, limits)
        return np.asanyarray(np.load(file, "r" if mapped else None, allow_pickle=False, max_header_size=HEADER))
    except UNREADABLE as error:
        raise _unreadable(file, error) from error


class ArrayArchive:
    """The arrays of a `.npz` file, each read when it is wanted.

    Args:
        file: what to read.
        limits: of what one array may take.
    """

    def __init__(self, file: Path, limits: Limits = Limits()) -> None:
        self.file, self.limits = file, limits

    def names(self) -> list[str]:
        """The names of its arrays. Raises `DataError` where the file is missing or damaged."""
        try:
            with ZipFile(self.file) as archive:
                return [name.removesuffix(".npy") for name in archive.namelist()]
        except UNREADABLE as error:
            raise _unreadable(self.file, error) from error

    def array(self, name: str) -> npt.NDArray[Any]:
        """Read the array of that name.

        Raises:
            DataError: there is none, or it is damaged, holds Python objects, or is larger than the limits.
        """
        try:
            with ZipFile(self.file) as archive:
                member = name if name in archive.namelist() else f"{name}.npy"
                if member not in archive.namelist():
                    raise DataError(f"{self.file}: has no array {name!r}; download it again")
                with archive.open(member) as stream:
                    _check(f"{self.file}: array {name!r}", _stated(stream), self.limits)
                with archive.open(member) as stream:
                    return npy.read_array(stream, allow_pickle=False, max_header_size=HEADER)
        except UNREADABLE as error:
            raise _unreadable(self.file, error) from error


def is_archive(file: Path) -> bool:
    """Whether a file begins as a `.npz` file does, whatever its name."""
    with file.open("rb") as content:
        return content.read(2) == b"PK"


def _stated(stream: IO[bytes]) -> int:
    """Bytes that the array takes, as its header states."""
    version = npy.read_magic(stream)
    (length,) = struct.unpack("<H" if version == (1, 0) else "<I", _exactly(stream, 2 if version == (1, 0) else 4))
    if length > HEADER:
        raise ValueError(f"its header has {length} characters")
    header = ast.literal_eval(_exactly(stream, length).decode("latin1" if version < (3, 0) else "utf-8"))
    shape, kind = header["shape"], npy.descr_to_dtype(header["descr"])
    if kind.hasobject:
        raise ValueError("holds Python objects, which are not loaded; save it as numbers")
    if not all(type(side) is int and 0 <= side < 1 << 62 for side in shape):
        raise ValueError(f"its shape is {str(shape)[:60]}")
    size: int = math.prod(shape) * kind.itemsize
    return size


def _exactly(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError("it ends within its header")
    return found


def _check(what: str, size: int, limits: Limits) -> None:
    if size > limits.array:
        raise DataError(f"{what}: takes {size:,} bytes, {limits.over('array')}")


def _unreadable(file: Path, error: Exception) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(f"{file}: no such file")
    why = " ".join(str(error).split())[:200] or type(error).__name__
    if "Python objects" in why:
        return DataError(f"{file}: {why}")
    return DataError(f"{file}: not readable arrays of numbers ({why}); download it again")
