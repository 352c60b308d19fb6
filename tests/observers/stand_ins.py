"""Networks of a few numbers that stand in for those of packages, where `oddframe.weights` looks for them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from oddframe.types import ImageArray
from oddframe.weights.table import find

Array = npt.NDArray[np.float32]


class Network:
    """An ONNX network, written node by node."""

    def __init__(self, shape: list[int | str], kind: int = TensorProto.FLOAT) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self.given = helper.make_tensor_value_info("picture", kind, shape)

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A node."""
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def hold(self, array: npt.NDArray[Any]) -> str:
        """An array."""
        self.stored.append(numpy_helper.from_array(array, f"stored{len(self.stored)}"))
        return self.stored[-1].name

    def mixed(self, given: str, weight: Array, bias: Array, output: str) -> str:
        """Each cell's numbers, multiplied by a matrix (out, in), and added to."""
        return self.add("Conv", [given, self.hold(weight[:, :, None, None]), self.hold(bias)], output)

    def install(self, name: str, outputs: list[str], folder: Path, patch: pytest.MonkeyPatch) -> None:
        """Put it where the weights of that name are looked for."""
        told = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs]
        graph = helper.make_graph(self.nodes, "network", [self.given], told, self.stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        weights = find(name)
        place = folder / name
        place.mkdir(parents=True)
        content = model.SerializeToString()
        (place / weights.conversion.file).write_bytes(content)
        record = {"revision": weights.revision, "package": "none", "sha256": hashlib.sha256(content).hexdigest()}
        (place / "weights.json").write_text(json.dumps(record))
        patch.setenv("ODDFRAME_WEIGHTS", str(folder))


def colours(bright: float, steepness: float) -> tuple[Array, Array]:
    """(80, 3) and (80,): class 0 is what is brighter than that in the first channel, class 2 in the third."""
    weight, bias = np.zeros((80, 3), np.float32), np.full(80, -20, np.float32)
    weight[0, 0] = weight[2, 2] = steepness
    weight[0, 2] = weight[2, 0] = -steepness
    bias[[0, 2]] = -bright * steepness
    return weight, bias


def nanodet(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Finds cells of 8 pixels that are 1.5 deviations bluer than red (class 0), or redder than blue (class 2).

    Boxes have 16 pixels; the features are each cell's mean colour.
    """
    network = Network([1, 3, "height", "width"])
    for stride in (8, 16, 32):
        sides = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        cells = network.add("AveragePool", ["picture"], f"features{stride}", **sides)
        weight, bias = colours(1.5, 40)
        seen = network.mixed(cells, weight if stride == 8 else weight * 0, bias, f"odds{stride}")
        network.add("Sigmoid", [seen], f"classes{stride}")
        bins = np.zeros((4, 11), np.float32)
        bins[:, 1] = 40  # one cell, that is 8 pixels to each side
        network.mixed(cells, np.zeros((44, 3), np.float32), bins.reshape(-1), f"distances{stride}")
    outputs = [f"{what}{stride}" for what in ("classes", "distances", "features") for stride in (8, 16, 32)]
    network.install("nanodet", outputs, folder, patch)


def centernet(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Finds cells of 4 pixels that are redder than blue by 100 (class 0), or bluer than red (class 2)."""
    network = Network([1, "height", "width", 3])
    first = network.add("Transpose", ["picture"], "first", perm=[0, 3, 1, 2])
    for stride in (8, 16, 32):
        sides = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        network.add("AveragePool", [first], f"features{stride}", **sides)
    cells = network.add("AveragePool", [first], "cells", kernel_shape=[4, 4], strides=[4, 4])
    network.add("Sigmoid", [network.mixed(cells, *colours(100, 1), "odds")], "classes")
    network.mixed(cells, np.zeros((4, 3), np.float32), np.full(4, 8, np.float32), "distances")
    outputs = ["classes", "distances", "features8", "features16", "features32"]
    network.install("centernet", outputs, folder, patch)


def movenet(folder: Path, patch: pytest.MonkeyPatch, points: Array) -> None:
    """Always gives the same key points: (17, 3) y and x as shares, confidence."""
    network = Network([1, 192, 192, 3], TensorProto.INT32)
    taken = network.add("Cast", ["picture"], "float", to=TensorProto.FLOAT)
    mean = network.add("ReduceMean", [taken], "mean", keepdims=0)
    nothing = network.add("Mul", [mean, network.hold(np.array(0, np.float32))], "nothing")
    network.add("Add", [nothing, network.hold(points[None, None])], "keypoints")
    network.install("movenet-lightning", ["keypoints"], folder, patch)


def picture(
    x: int, y: int, width: int = 240, height: int = 160, side: int = 16, *, colour: tuple[int, int, int] = (0, 0, 255)
) -> ImageArray:
    """A grey picture with a square, blue where no other colour (RGB) is given; x and y are its upper left corner."""
    image = np.full((height, width, 3), 116, np.uint8)
    image[y : y + side, x : x + side] = colour
    return image
