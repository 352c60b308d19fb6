"""Caffe2 checkpoints of the SlowFast project's model zoo, read without running anything that they say.

Such a file is a pickle of `{"blobs": {name: array, ...}}`, written by Python 2. A pickle is a program: it may name any
function and have it called. Here the few names that an array needs stand for inert records that note what they are
given, every other name is refused, and the arrays are made from the records afterwards, by our own rules.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

_DTYPES = {"f2": "<f2", "f4": "<f4", "f8": "<f8", "i4": "<i4", "i8": "<i8"}


class _Record:
    """Notes what an array, a dtype or a number was given when it was made and when its state was set."""

    def __init__(self, *given: Any) -> None:
        self.given: tuple[Any, ...] = given
        self.state: Any = ()

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _encoded(text: str, _: str = "latin1") -> bytes:
    return text.encode("latin1")


_ARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Record,
    ("numpy", "dtype"): _Record,
    ("_codecs", "encode"): _encoded,
    **{(module, name): _Record for module in _ARRAY for name in ("_reconstruct", "scalar")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of itself")


def read_blobs(file: Path) -> dict[str, Tensor]:
    """The arrays of a Caffe2 checkpoint by name; what is no array (counters, rates) is left out.

    Raises:
        ValueError: it is no such file, or not whole.
    """
    with file.open("rb") as stream:
        content = _unpickled(stream)
    blobs = content.get("blobs") if isinstance(content, dict) else None
    if not isinstance(blobs, dict):
        raise ValueError("it has no blobs")
    return {str(name): _tensor(value) for name, value in blobs.items() if _is_array(value)}


def _unpickled(stream: BinaryIO) -> Any:
    try:
        return _Unpickler(stream, encoding="latin1").load()
    except Exception as error:  # a damaged pickle may raise anything
        raise ValueError(str(error) or type(error).__name__) from error


def _is_array(value: Any) -> bool:
    """State of an array: version, shape, dtype, whether columns come first, bytes."""
    return isinstance(value, _Record) and isinstance(value.state, tuple) and len(value.state) == 5


def _tensor(array: _Record) -> Tensor:
    _, shape, dtype, fortran, raw = array.state
    kind = dtype.given[0] if isinstance(dtype, _Record) and dtype.given else None
    order = dtype.state[1] if isinstance(dtype, _Record) and len(dtype.state) > 1 else None
    if kind not in _DTYPES or order not in ("<", "="):
        raise ValueError(f"an array of {kind!r}, byte order {order!r}")
    content = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
    values = np.frombuffer(content, _DTYPES[kind]).reshape(shape, order="F" if fortran else "C")
    return torch.from_numpy(values.astype(values.dtype.newbyteorder("=")))
