"""Small graphs in the form of TensorFlow.js, written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.weights.tfjs_graph import read_graph
from oddframe.weights.tfjs_onnx import to_onnx

Array = npt.NDArray[Any]


def node(name: str, op: str, inputs: tuple[str, ...] = (), **attributes: Any) -> dict[str, Any]:
    """A node; attributes are lists, text, numbers or what the file has."""
    return {"name": name, "op": op, "input": list(inputs), "attr": {key: _told(v) for key, v in attributes.items()}}


def placeholder(*shape: int, kind: str = "DT_FLOAT") -> dict[str, Any]:
    """The node "picture"."""
    sides = {"shape": {"dim": [{"size": str(side)} for side in shape]}}
    return {"name": "picture", "op": "Placeholder", "attr": {"shape": sides, "dtype": {"type": kind}}}


def write(folder: Path, nodes: list[dict[str, Any]], constants: Mapping[str, Array]) -> Path:
    """graph.json and graph.bin; constants get their nodes, floats have 16 bits as in the packages."""
    told, raw = [], b""
    for name, array in constants.items():
        nodes = [*nodes, node(name, "Const")]
        if array.dtype.kind == "f":
            told.append({"name": name, "shape": list(array.shape), "dtype": "float32"}
                        | {"quantization": {"dtype": "float16", "original_dtype": "float32"}})  # fmt: skip
            raw += array.astype("<f2").tobytes()
        else:
            told.append({"name": name, "shape": list(array.shape), "dtype": "int32"})
            raw += array.astype("<i4").tobytes()
    manifest = [{"paths": ["graph.bin"], "weights": told}]
    content = {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": manifest}
    (folder / "graph.json").write_text(json.dumps(content))
    (folder / "graph.bin").write_bytes(raw)
    return folder / "graph.json"


def converted(
    folder: Path,
    nodes: list[dict[str, Any]],
    constants: Mapping[str, Array],
    given: Array,
    *outputs: str,
    dynamic: bool = False,
) -> list[Array]:
    """What the converted graph gives; "out" where no outputs are named."""
    import onnxruntime  # noqa: PLC0415

    wanted = {name: f"{name}_" for name in outputs or ("out",)}
    model = to_onnx(read_graph(write(folder, nodes, constants)), wanted, dynamic)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(value) for value in session.run(None, {"picture": given})]


def _told(value: Any) -> Any:
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, list):
        kind = "s" if value and isinstance(value[0], str) else "i"
        return {"list": {kind: [_told(one)[kind] for one in value]}}
    if isinstance(value, str):
        return {"type": value} if value.startswith("DT_") else {"s": base64.b64encode(value.encode()).decode()}
    return {"i": str(value)} if isinstance(value, int) else {"f": value}
