"""Pickles of arrays, read without running anything that they say.

A pickle is a program: it may name any function and have it called. Here the few names that an array needs stand for
inert records that note what they are given, every other name is refused, and the arrays are made from the records
afterwards, by our own rules and up to a size.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LARGEST_ARRAY = 1 << 30
"""Bytes that one array may have."""

DEEPEST = 20
"""Mappings inside of mappings that are followed."""

_DTYPES = {"f2": "<f2", "f4": "<f4", "f8": "<f8", "i4": "<i4", "i8": "<i8"}


class _Record:
    """Notes what an array, a dtype or a number was given when it was made and when its state was set."""

    __slots__ = ("given", "state")

    def __init__(self, *given: Any) -> None:
        self.given: tuple[Any, ...] = given
        self.state: Any = ()

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Encode:
    """Stands for `_codecs.encode`, by which Python 2 wrote bytes."""

    __slots__ = ()

    def __call__(self, text: str, _: str = "latin1") -> bytes:
        return text.encode("latin1")

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes a function")


_ARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_KNOWN: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Record,
    ("numpy", "dtype"): _Record,
    ("_codecs", "encode"): _Encode(),
    **{(module, name): _Record for module in _ARRAY for name in ("_reconstruct", "scalar")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of itself")


def read_pickle(file: Path, largest: int = LARGEST_ARRAY) -> dict[str, Any]:
    """Mappings of arrays, inside of each other as in the file; whatever else it holds is left out.

    Args:
        file: the pickle.
        largest: bytes that one array may have.

    Raises:
        ValueError: it is no such file, not whole, or an array is larger.
    """
    with file.open("rb") as stream:
        content = _unpickled(stream)
    if not isinstance(content, dict):
        raise ValueError("it holds no names")
    return _arrays(content, largest, _Room(file.stat().st_size))


def _unpickled(stream: BinaryIO) -> Any:
    try:
        return _Unpickler(stream, encoding="latin1").load()
    except Exception as error:  # a damaged pickle may raise anything
        raise ValueError(str(error) or type(error).__name__) from error


class _Room:
    """What an honest file can hold: each name takes a byte of it at least, and each array its own bytes.

    A pickle may hold one array, or one mapping, and name it many times over; each name would make a copy.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> None:
        """Count something of that size. Raises `ValueError` where the file is too small for it."""
        self._left -= size
        if self._left < 0:
            raise ValueError("what it names takes more than the file: some of it is named many times to fill memory")


def _arrays(content: Mapping[Any, Any], largest: int, room: _Room, depth: int = 0) -> dict[str, Any]:
    if depth > DEEPEST:
        raise ValueError(f"it holds mappings inside of each other, more than {DEEPEST} deep")
    found: dict[str, Any] = {}
    for name, value in content.items():
        room.take(1)
        if isinstance(value, dict):
            found[str(name)] = _arrays(value, largest, room, depth + 1)
        elif isinstance(value, _Record) and isinstance(value.state, tuple) and len(value.state) == 5:
            raw = value.state[4]
            room.take(len(raw) if isinstance(raw, str | bytes) else 0)
            found[str(name)] = _array(value, largest)
    return found


def _array(record: _Record, largest: int) -> Array:
    """State of an array: version, shape, dtype, whether columns come first, bytes."""
    _, shape, dtype, fortran, raw = record.state
    kind = dtype.given[0] if isinstance(dtype, _Record) and dtype.given else None
    order = dtype.state[1] if isinstance(dtype, _Record) and len(dtype.state) > 1 else None
    if not isinstance(kind, str) or kind not in _DTYPES or order not in ("<", "="):
        raise ValueError(f"an array of {kind!r}, byte order {order!r}")
    if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"an array of the shape {shape!r}")
    content = raw.encode("latin1") if isinstance(raw, str) else raw
    size = math.prod(shape) * np.dtype(_DTYPES[kind]).itemsize
    if size > largest:
        raise ValueError(f"an array of {size} bytes, more than {largest}")
    if not isinstance(content, bytes) or len(content) != size:
        raise ValueError(f"an array of the shape {shape!r} without its {size} bytes")
    values = np.frombuffer(content, _DTYPES[kind]).reshape(shape, order="F" if fortran else "C")
    return values.astype(values.dtype.newbyteorder("="))
