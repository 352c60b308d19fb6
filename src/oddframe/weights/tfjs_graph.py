"""Graphs of TensorFlow.js: read and checked, never executed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LARGEST_GRAPH = 32 << 20
"""Bytes of JSON that are read."""

LARGEST_WEIGHTS = 256 << 20
"""Bytes that all weights of a graph may take in memory."""

_STORED: Mapping[str, np.dtype[Any]] = {
    "float16": np.dtype("<f2"),
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
}
_USED: Mapping[str, np.dtype[Any]] = {"float32": np.dtype(np.float32), "int32": np.dtype(np.int32)}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Args:
        name, op: what it is called, and what it does.
        inputs: names of the values that it takes; "split:1" is the second that "split" gives.
        attributes: by name, as Python values.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """A network: operations by name, and the arrays that they are given."""

    nodes: Mapping[str, Node]
    constants: Mapping[str, Array]

    def order(self, outputs: list[str]) -> list[Node]:
        """The operations that some values need, each after those that it needs.

        Raises:
            ValueError: one is missing, or they need each other in a circle.
        """
        needed: dict[str, list[str]] = {}
        left = [producer(name) for name in outputs]
        while left:
            name = left.pop()
            if name in needed:
                continue
            if name not in self.nodes:
                raise ValueError(f"the graph has no {name!r}")
            needed[name] = [producer(given) for given in self.nodes[name].inputs]
            left += needed[name]
        try:
            return [self.nodes[name] for name in TopologicalSorter(needed).static_order()]
        except CycleError as error:
            raise ValueError("operations need each other in a circle") from error


def producer(value: str) -> str:
    """The operation that gives a value.

    >>> producer("split:1")
    'split'
    """
    return value.partition(":")[0]


def read_graph(file: Path) -> Graph:
    """A graph and its weights, which lie in the files that it names, beside it.

    Raises:
        ValueError: it is no such graph, too large, or its weights do not fit it.
    """
    if file.stat().st_size > LARGEST_GRAPH:
        raise ValueError(f"the graph has over {LARGEST_GRAPH >> 20} MiB")
    try:
        told = json.loads(file.read_text("utf-8"))
        nodes = [_node(one) for one in told["modelTopology"]["node"]]
        (group,) = told["weightsManifest"]
        stored, names = list(group["weights"]), [str(path) for path in group["paths"]]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"no graph of TensorFlow.js ({error})") from error
    if any(Path(name).name != name for name in names):
        raise ValueError("its weights lie outside of its folder")
    raw = b"".join((file.parent / name).read_bytes() for name in names)
    return Graph({node.name: node for node in nodes}, _constants(stored, raw))


def _node(told: Mapping[str, Any]) -> Node:
    attributes = {str(name): _attribute(value) for name, value in told.get("attr", {}).items()}
    inputs = tuple(str(name).removesuffix(":0") for name in told.get("input", []) if not str(name).startswith("^"))
    return Node(str(told["name"]), str(told["op"]), inputs, attributes)


def _attribute(told: Any) -> Any:
    """`{"i": "3"}` -> 3, `{"s": "U0FNRQ=="}` -> "SAME", `{"list": {"i": ["1", "2"]}}` -> [1, 2]."""
    if not isinstance(told, Mapping) or len(told) != 1:
        return told
    ((kind, value),) = told.items()
    if kind == "list":
        return [_attribute({part: item}) for part, items in value.items() for item in items]
    if kind == "s":
        return base64.b64decode(value).decode("utf-8")
    if kind in ("i", "f"):
        return (int if kind == "i" else float)(value)
    return value


def _constants(stored: list[Mapping[str, Any]], raw: bytes) -> dict[str, Array]:
    """Name -> array, float32 or int32, out of what lies in one row."""
    found: dict[str, Array] = {}
    place = total = 0
    for one in stored:
        kind = _STORED.get(str(one.get("quantization", one).get("dtype")))
        used = _USED.get(str(one.get("dtype")))
        shape = [int(side) for side in one.get("shape", [])]
        if kind is None or used is None or any(side < 0 for side in shape):
            raise ValueError(f"weights {one.get('name')!r} are of a kind that is not known here")
        count = 1
        for side in shape:
            count *= side
        total += count * used.itemsize
        if total > LARGEST_WEIGHTS or place + count * kind.itemsize > len(raw):
            raise ValueError(f"weights {one.get('name')!r} are larger than their file or {LARGEST_WEIGHTS >> 20} MiB")
        found[str(one["name"])] = np.frombuffer(raw, kind, count, place).astype(used).reshape(shape)
        place += count * kind.itemsize
    if place != len(raw):
        raise ValueError(f"the weights have {len(raw)} bytes, and the graph states {place}")
    return found
