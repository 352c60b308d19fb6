"""A graph of TensorFlow.js as an ONNX network.

TensorFlow keeps a picture's channels last and ONNX has them first. So a value here may exist in two forms: "plain", as
the graph means it, and "first", with the last of its four axes moved to place 1. An operation is written for the form
at hand, and a transposition only where the other one is needed: in the networks converted here that is nearly nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from oddframe.weights.tfjs_graph import Array, Graph, Node

OPSET, IR = 18, 10
TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
_TYPES = {"DT_FLOAT": TensorProto.FLOAT, "DT_INT32": TensorProto.INT32}


@dataclass(slots=True)
class _Value:
    """A tensor of the graph.

    Args:
        plain, first: its name in the ONNX network in either form, where it exists.
        array: what it holds, where that is constant.
    """

    plain: str | None = None
    first: str | None = None
    array: Array | None = None


def to_onnx(graph: Graph, outputs: Mapping[str, str], dynamic: bool = False) -> onnx.ModelProto:
    """The ONNX network that computes some values of a graph.

    Whole numbers have 64 bits in it, and maps have their channels first.

    Args:
        graph: the network.
        outputs: the graph's name of a value -> the ONNX network's.
        dynamic: leave the picture's height and width open; resizing by a whole factor then stays that.

    Raises:
        ValueError: an operation that is not known here, or not in this form.
    """
    writer = _Writer(graph)
    for node in graph.order(list(outputs)):
        writer.write(node)
    model = writer.model(outputs)
    if dynamic:
        _open_sides(model)
    _prune(model)
    onnx.checker.check_model(model, full_check=True)
    return model


class _Writer:
    """Writes nodes, one after the other."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[onnx.NodeProto] = []
        self._stored: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._values: dict[str, _Value] = {}

    def write(self, node: Node) -> None:
        if node.op not in _WRITERS and node.op not in ("Const", "Placeholder"):
            raise ValueError(f"{node.name}: the operation {node.op!r} is not known here")
        if node.attributes.get("data_format", "NHWC") != "NHWC":
            raise ValueError(f"{node.name}: channels lie in a place that is not known here")
        try:
            if node.op == "Const":
                self._values[node.name] = _Value(array=self._graph.constants[node.name])
            elif node.op == "Placeholder":
                self._values[node.name] = self._placeholder(node)
            else:
                found = _WRITERS[node.op](self, node)
                for place, value in enumerate(found if isinstance(found, list) else [found]):
                    self._values[f"{node.name}:{place}" if place else node.name] = value
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"{node.name}: the operation {node.op!r} is not of a form known here ({error})") from error

    def model(self, outputs: Mapping[str, str]) -> onnx.ModelProto:
        """All that was written, ending in some values."""
        for wanted, name in outputs.items():
            value = self._values[wanted]
            given = value.first or self.plain(value)
            self._nodes.append(helper.make_node("Identity", [given], [name], name=name))
        told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs.values()]
        graph = helper.make_graph(self._nodes, "network", self._inputs, told, self._stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        inferred: onnx.ModelProto = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        return inferred

    def value(self, node: Node, place: int) -> _Value:
        return self._values[node.inputs[place]]

    def whole(self, node: Node, place: int) -> Any:
        """An input that has to be constant: a whole number or a list of them."""
        array = self.value(node, place).array
        if array is None or array.dtype.kind != "i":
            raise ValueError(f"{node.name}: input {place} is not made of constant whole numbers")
        return array.tolist()

    def emit(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def split(self, inputs: Sequence[str], count: int, axis: int) -> list[str]:
        names = [f"Split_{len(self._nodes)}_{place}" for place in range(count)]
        self._nodes.append(helper.make_node("Split", inputs, names, name=names[0], axis=axis))
        return names

    def store(self, array: Array) -> str:
        name = f"stored_{len(self._stored)}"
        wide = array.astype(np.int64) if array.dtype.kind == "i" else array
        self._stored.append(numpy_helper.from_array(np.ascontiguousarray(wide).reshape(wide.shape), name))
        return name

    def plain(self, value: _Value) -> str:
        if value.plain is None:
            if value.array is not None:
                value.plain = self.store(value.array)
            else:
                assert value.first is not None
                value.plain = self.emit("Transpose", [value.first], perm=TO_LAST)
        return value.plain

    def first(self, value: _Value) -> str:
        if value.first is None:
            if value.array is not None:
                value.first = self.store(value.array.transpose(TO_FIRST))
            else:
                value.first = self.emit("Transpose", [self.plain(value)], perm=TO_FIRST)
        return value.first

    def _placeholder(self, node: Node) -> _Value:
        shape = [int(side["size"]) for side in node.attributes["shape"]["dim"]]
        if len(shape) != 4 or min(shape) < 1:
            raise ValueError(f"{node.name}: a picture has 4 sides, not {shape}")
        kind = _TYPES[node.attributes["dtype"]]
        self._inputs.append(helper.make_tensor_value_info("picture", kind, shape))
        return _Value(plain="picture")


def _convolution(w: _Writer, node: Node) -> _Value:
    kernel = w.value(node, 1).array
    if kernel is None or kernel.ndim != 4:
        raise ValueError(f"{node.name}: its kernel is not constant")
    high, wide, given, made = kernel.shape
    groups = 1
    if "Depthwise" in node.op:
        kernel, groups = kernel.transpose(2, 3, 0, 1).reshape(given * made, 1, high, wide), given
    else:
        kernel = kernel.transpose(3, 2, 0, 1)
    fused = [one for one in node.attributes.get("fused_ops", []) if one]
    inputs = [w.first(w.value(node, 0)), w.store(kernel)]
    if fused[:1] == ["BiasAdd"]:
        inputs.append(w.plain(w.value(node, 2)))
    name = w.emit(
        "Conv",
        inputs,
        group=groups,
        strides=node.attributes["strides"][1:3],
        dilations=node.attributes.get("dilations", [1, 1, 1, 1])[1:3],
        auto_pad=_padding(node),
    )
    for after in fused[fused[:1] == ["BiasAdd"] :]:
        name = _activated(w, after, name)
    return _Value(first=name)


def _padding(node: Node) -> str:
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[node.attributes["padding"]]


def _activated(w: _Writer, op: str, name: str, alpha: float = 0.2) -> str:
    if op == "Relu6":
        return w.emit("Clip", [name, w.store(np.array(0, np.float32)), w.store(np.array(6, np.float32))])
    if op == "LeakyRelu":
        return w.emit("LeakyRelu", [name], alpha=alpha)
    return w.emit({"Relu": "Relu", "Sigmoid": "Sigmoid", "Sqrt": "Sqrt", "Identity": "Identity"}[op], [name])


def _one_by_one(w: _Writer, node: Node) -> _Value:
    """What is done to each number alone: in the form at hand."""
    value, alpha = w.value(node, 0), float(node.attributes.get("alpha", 0.2))
    if value.first is not None:
        return _Value(first=_activated(w, node.op, value.first, alpha))
    return _Value(plain=_activated(w, node.op, w.plain(value), alpha))


_BINARY = {"Add": "Add", "AddV2": "Add", "Mul": "Mul", "Sub": "Sub", "RealDiv": "Div", "SquaredDifference": "Sub"}


def _two_by_two(w: _Writer, node: Node) -> _Value:
    """What is done to the numbers of two values in pairs: channels first where both can be had so."""
    values = [w.value(node, 0), w.value(node, 1)]
    firsts = [_beside_first(w, value) for value in values]
    in_first = any(value.first is not None for value in values) and None not in firsts
    inputs = [name for name in firsts if name is not None] if in_first else [w.plain(value) for value in values]
    # Whole numbers here are not negative, so dividing them rounds down.
    name = w.emit("Div" if node.op == "FloorDiv" else _BINARY[node.op], inputs)
    if node.op == "SquaredDifference":
        name = w.emit("Mul", [name, name])
    return _Value(first=name) if in_first else _Value(plain=name)


def _beside_first(w: _Writer, value: _Value) -> str | None:
    """The name under which a value fits one whose channels lie first; None where it does not."""
    if value.array is None:
        return value.first
    if value.array.ndim == 0:
        return w.store(value.array)
    if value.array.size == value.array.shape[-1]:
        return w.store(value.array.reshape(-1, 1, 1))
    return w.first(value) if value.array.ndim == 4 else None


def _joined(w: _Writer, node: Node) -> _Value:
    axis = int(w.whole(node, len(node.inputs) - 1))
    values = [w.value(node, place) for place in range(len(node.inputs) - 1)]
    if axis in (3, -1) and all(value.first is not None for value in values):
        return _Value(first=w.emit("Concat", [w.first(value) for value in values], axis=1))
    return _Value(plain=w.emit("Concat", [w.plain(value) for value in values], axis=axis))


def _transposed(w: _Writer, node: Node) -> _Value:
    value, order = w.value(node, 0), w.whole(node, 1)
    if order == TO_LAST and value.first is None:
        return _Value(first=w.plain(value))
    if order == TO_FIRST:
        return _Value(plain=w.first(value))
    return _Value(plain=w.emit("Transpose", [w.plain(value)], perm=order))


def _padded(w: _Writer, node: Node) -> _Value:
    sides = np.array(w.whole(node, 1))
    inputs = [w.plain(w.value(node, 0)), w.store(sides.T.reshape(-1))]
    if node.op == "PadV2":
        inputs.append(w.plain(w.value(node, 2)))
    return _Value(plain=w.emit("Pad", inputs))


def _largest(w: _Writer, node: Node) -> _Value:
    sides = {"kernel_shape": node.attributes["ksize"][1:3], "strides": node.attributes["strides"][1:3]}
    return _Value(first=w.emit("MaxPool", [w.first(w.value(node, 0))], auto_pad=_padding(node), **sides))


def _mean(w: _Writer, node: Node) -> _Value:
    value, axes = w.value(node, 0), w.whole(node, 1)
    if axes == [1, 2] and node.attributes.get("keep_dims"):
        return _Value(first=w.emit("ReduceMean", [w.first(value), w.store(np.array([2, 3]))], keepdims=1))
    stays = int(bool(node.attributes.get("keep_dims")))
    return _Value(plain=w.emit("ReduceMean", [w.plain(value), w.store(np.array(axes).reshape(-1))], keepdims=stays))


def _resized(w: _Writer, node: Node) -> _Value:
    corners, centres = (bool(node.attributes.get(name)) for name in ("align_corners", "half_pixel_centers"))
    places = "align_corners" if corners else "half_pixel" if centres else "asymmetric"
    sides = w.store(np.array(w.whole(node, 1)))
    inputs = [w.first(w.value(node, 0)), "", "", sides]
    return _Value(first=w.emit("Resize", inputs, mode="linear", coordinate_transformation_mode=places, axes=[2, 3]))


def _split(w: _Writer, node: Node) -> list[_Value]:
    parts, axis = w.whole(node, 1), int(w.whole(node, 2))
    names = w.split([w.plain(w.value(node, 0)), w.store(np.array(parts))], len(parts), axis)
    return [_Value(plain=name) for name in names]


def _unpacked(w: _Writer, node: Node) -> list[_Value]:
    given, axis = w.plain(w.value(node, 0)), int(node.attributes.get("axis", 0))
    places = [w.store(np.array(place)) for place in range(int(node.attributes["num"]))]
    return [_Value(plain=w.emit("Gather", [given, place], axis=axis)) for place in places]


def _packed(w: _Writer, node: Node) -> _Value:
    axis = int(node.attributes.get("axis", 0))
    at = w.store(np.array([axis]))
    parts = [w.emit("Unsqueeze", [w.plain(w.value(node, place)), at]) for place in range(len(node.inputs))]
    return _Value(plain=w.emit("Concat", parts, axis=axis))


def _reshaped(w: _Writer, node: Node) -> _Value:
    return _Value(plain=w.emit("Reshape", [w.plain(w.value(node, 0)), w.store(np.array(w.whole(node, 1)))]))


def _squeezed(w: _Writer, node: Node) -> _Value:
    axes = [int(axis) for axis in node.attributes.get("squeeze_dims", [])]
    return _Value(plain=w.emit("Squeeze", [w.plain(w.value(node, 0)), *([w.store(np.array(axes))] if axes else [])]))


def _expanded(w: _Writer, node: Node) -> _Value:
    return _Value(plain=w.emit("Unsqueeze", [w.plain(w.value(node, 0)), w.store(np.array([w.whole(node, 1)]))]))


def _gathered(w: _Writer, node: Node) -> _Value:
    return _Value(plain=w.emit("GatherND", [w.plain(w.value(node, 0)), w.plain(w.value(node, 1))]))


def _place_of_largest(w: _Writer, node: Node) -> _Value:
    return _Value(plain=w.emit("ArgMax", [w.plain(w.value(node, 0))], axis=int(w.whole(node, 1)), keepdims=0))


def _cast(w: _Writer, node: Node) -> _Value:
    kind = {"DT_FLOAT": TensorProto.FLOAT, "DT_INT32": TensorProto.INT64}[node.attributes["DstT"]]
    return _Value(plain=w.emit("Cast", [w.plain(w.value(node, 0))], to=kind))


_WRITERS: Mapping[str, Callable[[_Writer, Node], _Value | list[_Value]]] = {
    **dict.fromkeys(("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), _convolution),
    **dict.fromkeys(("Relu", "Relu6", "LeakyRelu", "Sigmoid", "Sqrt", "Identity"), _one_by_one),
    **dict.fromkeys((*_BINARY, "FloorDiv"), _two_by_two),
    "ArgMax": _place_of_largest,
    "Cast": _cast,
    "ConcatV2": _joined,
    "ExpandDims": _expanded,
    "GatherNd": _gathered,
    "MaxPool": _largest,
    "Mean": _mean,
    "Pack": _packed,
    "Pad": _padded,
    "PadV2": _padded,
    "Reshape": _reshaped,
    "ResizeBilinear": _resized,
    "SplitV": _split,
    "Squeeze": _squeezed,
    "Transpose": _transposed,
    "Unpack": _unpacked,
}


def _prune(model: onnx.ModelProto) -> None:
    """Drop stored arrays that nothing takes, as those of a form that was not needed."""
    taken = {name for node in model.graph.node for name in node.input}
    stays = [one for one in model.graph.initializer if one.name in taken]
    del model.graph.initializer[:]
    model.graph.initializer.extend(stays)


def _open_sides(model: onnx.ModelProto) -> None:
    """Leave height and width of the picture open; what is resized to a size is resized by its factor instead."""
    shapes = {
        told.name: [side.dim_value for side in told.type.tensor_type.shape.dim]
        for told in (*model.graph.value_info, *model.graph.input)
    }
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Resize":
            before, after = shapes[node.input[0]][2:], stored[node.input[3]].tolist()
            pairs = list(zip(after, before, strict=True))
            if any(max(pair) % min(pair) for pair in pairs):
                raise ValueError(f"a map of {before} becomes one of {after}, which is no whole factor")
            name = f"{node.name}_factors"
            factors = np.array([new / old for new, old in pairs], np.float32)
            model.graph.initializer.append(numpy_helper.from_array(factors, name))
            node.input[2], node.input[3] = name, ""
            del node.input[3]
    (picture,) = model.graph.input
    dims = picture.type.tensor_type.shape.dim
    sides = (2, 3) if dims[1].dim_value == 3 else (1, 2)
    for place, side in zip(sides, ("height", "width"), strict=True):
        dims[place].dim_param = side
    del model.graph.value_info[:]
    for told in model.graph.output:
        for side, name in zip(told.type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
            side.dim_param = f"{told.name}_{name}"
