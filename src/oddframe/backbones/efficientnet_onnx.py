"""EfficientNet-Lite0 as an ONNX graph, written node by node from the torch network with its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from oddframe.backbones.efficientnet_network import HEAD, LAST, Block, EfficientNetLite0Network, FoldedUnit

OPSET, IR = 18, 10
"""Versions that every onnxruntime from 1.20 on reads."""


def to_onnx(network: EfficientNetLite0Network, size: int) -> onnx.ModelProto:
    """The same function as a graph: `pixels` (B, 3, size, size), 0 to 255 -> `features` (B, 1280 or 320).

    Args:
        network: with its normalisations folded in.
        size: side of the pictures, in pixels.
    """
    writer = _Writer()
    x = writer.node("Mul", [writer.node("Sub", ["pixels", writer.number(127)]), writer.number(1 / 128)])
    x = writer.unit(network.stem, x)
    for block in network.blocks:
        assert isinstance(block, Block)
        x = writer.block(block, x)
    x = x if network.head is None else writer.unit(network.head, x)
    writer.node("ReduceMean", [x, writer.store(np.array([2, 3]))], "features", keepdims=0)
    return writer.model(size, (HEAD if network.head else LAST[-1]))


class _Writer:
    """Nodes and stored arrays, in the order in which they are written."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._stored: list[onnx.TensorProto] = []
        self._bounds = [self.number(0), self.number(6)]

    def node(self, op: str, inputs: list[str], name: str | None = None, **attributes: Any) -> str:
        """Write a node; the name of its output."""
        name = name or f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def store(self, values: Tensor | npt.NDArray[Any]) -> str:
        """Store an array; its name."""
        name = f"stored_{len(self._stored)}"
        array = values.contiguous().numpy() if isinstance(values, Tensor) else values
        self._stored.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def number(self, value: float) -> str:
        return self.store(np.array(value, np.float32))

    def unit(self, unit: FoldedUnit, x: str) -> str:
        conv = unit.conv
        assert conv.bias is not None, "its normalisation is not folded in"
        x = self.node(
            "Conv",
            [x, self.store(conv.weight), self.store(conv.bias)],
            group=conv.groups,
            strides=list(conv.stride),
            pads=[unit.low, unit.low, unit.high, unit.high],
        )
        return self.node("Clip", [x, *self._bounds]) if unit.active else x

    def block(self, block: Block, x: str) -> str:
        inner = x if block.expand is None else self.unit(block.expand, x)
        y = self.unit(block.project, self.unit(block.depthwise, inner))
        return self.node("Add", [x, y]) if block.added else y

    def model(self, size: int, features: int) -> onnx.ModelProto:
        """All that was written, checked."""
        given = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, size, size])
        found = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", features])
        graph = helper.make_graph(self._nodes, "efficientnet-lite0", [given], [found], self._stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        onnx.checker.check_model(model)
        return model
