"""Files of a package as a network of ours, compared with what the original gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from safetensors.numpy import save

from oddframe.files import write_durably
from oddframe.weights.check import check_onnx
from oddframe.weights.table import Weights
from oddframe.weights.tensors import i3d_tensors, torch_tensors
from oddframe.weights.tfjs_graph import read_graph
from oddframe.weights.tfjs_onnx import to_onnx


def convert(weights: Weights, packed: Path, made: Path) -> Path:
    """Convert the files of some weights.

    An ONNX network is run on a fixed input and has to give what the original gave. Tensors are counted: the networks
    that take them are not known in this room.

    Args:
        weights: which they are.
        packed: the folder with the files of the package.
        made: the folder for the result.

    Returns:
        The converted network.

    Raises:
        ValueError: the files cannot be read, or it is another network.
    """
    first, result = packed / Path(weights.files[0].path).name, made / weights.conversion.file
    if weights.conversion.kind == "tfjs":
        model = to_onnx(read_graph(first), weights.conversion.outputs, weights.conversion.dynamic)
        _count(weights, sum(int(np.prod(one.dims)) for one in model.graph.initializer if one.data_type == _FLOAT))
        write_durably(result, model.SerializeToString(deterministic=True))
        check_onnx(weights.name, result)
        return result
    tensors = i3d_tensors(first) if weights.conversion.kind == "i3d" else torch_tensors(first)
    _count(weights, sum(values.size for values in tensors.values()))
    if not all(np.isfinite(values).all() for values in tensors.values()):
        raise ValueError("it holds numbers that are not finite")
    write_durably(result, save(tensors))
    return result


_FLOAT = onnx.TensorProto.FLOAT


def _count(weights: Weights, found: int) -> None:
    if found != weights.conversion.parameters:
        raise ValueError(f"it has {found} parameters, not {weights.conversion.parameters}")
