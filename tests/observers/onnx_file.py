"""ONNX files of a few bytes, written by hand: graphs that always give the same arrays, whatever picture they see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

KINDS = {"float32": 1, "uint8": 2, "int64": 7}


def constant(
    path: Path, outputs: Mapping[str, npt.NDArray[Any]], picture: tuple[int, ...], kind: str = "float32"
) -> str:
    """A model with one picture as input and these outputs; the fields' numbers are those of onnx.proto."""
    nodes = b"".join(
        _field(1, _field(1, f"{name}_".encode()) + _field(2, name.encode()) + _field(4, b"Identity"))
        for name in outputs
    )
    stored = b"".join(
        _field(
            5,
            _dims(a.shape) + _number(2, KINDS[a.dtype.name]) + _field(8, f"{name}_".encode()) + _field(9, a.tobytes()),
        )
        for name, a in outputs.items()
    )
    given = _field(11, _value("images", picture, kind))
    told = b"".join(_field(12, _value(name, a.shape, a.dtype.name)) for name, a in outputs.items())
    graph = nodes + _field(2, b"constant") + stored + given + told
    path.write_bytes(_number(1, 8) + _field(8, _field(1, b"") + _number(2, 13)) + _field(7, graph))
    return str(path)


def _varint(value: int) -> bytes:
    parts = []
    while True:
        value, low = value >> 7, value & 127
        parts.append(low | (128 if value else 0))
        if not value:
            return bytes(parts)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _dims(shape: tuple[int, ...]) -> bytes:
    return b"".join(_number(1, n) for n in shape)


def _value(name: str, shape: tuple[int, ...], kind: str) -> bytes:
    dims = b"".join(_field(1, _number(1, n) if n else _field(2, b"open")) for n in shape)
    tensor = _number(1, KINDS[kind]) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))
