"""Graphs of TensorFlow.js mean the same as ONNX networks, and what is not understood is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from oddframe.weights.tfjs_graph import read_graph
from oddframe.weights.tfjs_onnx import to_onnx
from tests.weights.graphs import Array, converted, node, placeholder, write

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.normal(size=(1, 7, 9, 3)).astype(np.float32)
STRIDES = {"strides": [1, 2, 2, 1], "dilations": [1, 1, 1, 1], "padding": "SAME"}


def short(*shape: int) -> Array:
    """Numbers that 16 bits hold."""
    return RANDOM.integers(-8, 8, shape).astype(np.float32) / 8


def first(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


def padded(x: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """As TensorFlow defines SAME: the odd zero lies to the right and below."""
    sides: list[int] = []
    for length in (x.shape[-1], x.shape[-2]):
        missing = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        sides += [missing // 2, missing - missing // 2]
    return functional.pad(x, sides)


def test_a_convolution_with_bias_and_activation(tmp_path: Path) -> None:
    """Of even size and stride 2, where padding is not symmetric; the map comes with its channels first."""
    kernel, bias = short(4, 4, 3, 5), short(5)
    nodes = [
        placeholder(*PICTURE.shape),
        node("out", "_FusedConv2D", ("picture", "kernel", "bias"), fused_ops=["BiasAdd", "Relu6"], **STRIDES),
    ]
    (found,) = converted(tmp_path, nodes, {"kernel": kernel, "bias": bias}, PICTURE)
    weight = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
    wanted = functional.conv2d(padded(first(PICTURE), 4, 2), weight, torch.from_numpy(bias), 2)
    np.testing.assert_allclose(found, wanted.clip(0, 6), atol=1e-5)


def test_a_depthwise_convolution(tmp_path: Path) -> None:
    kernel = short(3, 3, 3, 2)
    nodes = [placeholder(*PICTURE.shape), node("out", "DepthwiseConv2dNative", ("picture", "kernel"), **STRIDES)]
    (found,) = converted(tmp_path, nodes, {"kernel": kernel}, PICTURE)
    weight = torch.from_numpy(kernel.transpose(2, 3, 0, 1).reshape(6, 1, 3, 3).copy())
    np.testing.assert_allclose(
        found, functional.conv2d(padded(first(PICTURE), 3, 2), weight, stride=2, groups=3), atol=1e-5
    )


def test_maps_are_joined_scaled_and_averaged_channels_first(tmp_path: Path) -> None:
    """What squeezes and excites: a mean over the map multiplies its channels; then a sum with one number a channel."""
    nodes = [
        placeholder(*PICTURE.shape),
        node("map", "_FusedConv2D", ("picture", "kernel"), strides=[1, 1, 1, 1], padding="VALID"),
        node("mean", "Mean", ("map", "axes"), keep_dims=True),
        node("scaled", "Mul", ("mean", "map")),
        node("added", "AddV2", ("scaled", "bias")),
        node("out", "ConcatV2", ("added", "map", "last")),
    ]
    kernel, bias = short(1, 1, 3, 4), short(4)
    stored = {"kernel": kernel, "axes": np.array([1, 2]), "bias": bias, "last": np.array(3)}
    (found,) = converted(tmp_path, nodes, stored, PICTURE)
    made = PICTURE @ kernel[0, 0]
    wanted = np.concatenate([made.mean((1, 2), keepdims=True) * made + bias, made], axis=3)
    np.testing.assert_allclose(found, wanted.transpose(0, 3, 1, 2), atol=1e-5)


@pytest.mark.parametrize(("centres", "corners"), [(False, False), (True, False), (False, True)])
def test_resizing_keeps_its_three_meanings(centres: bool, corners: bool, tmp_path: Path) -> None:
    """Along a row of 0 1 2 3: which places of the input the output's 8 pixels stand for."""
    row = np.tile(np.arange(4, dtype=np.float32)[None, None, :, None], (1, 4, 1, 1))
    nodes = [
        placeholder(*row.shape),
        node("out", "ResizeBilinear", ("picture", "size"), half_pixel_centers=centres, align_corners=corners),
    ]
    (found,) = converted(tmp_path, nodes, {"size": np.array([8, 8])}, row)
    place = np.arange(8)
    wanted = place * 3 / 7 if corners else (place + 0.5) / 2 - 0.5 if centres else place / 2
    np.testing.assert_allclose(found[0, 0, 3], np.clip(wanted, 0, 3), atol=1e-5)


def test_open_sides_scale_by_the_factor_that_sizes_meant(tmp_path: Path) -> None:
    nodes = [
        placeholder(1, 8, 8, 3),
        node("small", "_FusedConv2D", ("picture", "kernel"), **STRIDES),
        node("out", "ResizeBilinear", ("small", "size"), half_pixel_centers=True, align_corners=False),
    ]
    stored = {"kernel": short(1, 1, 3, 2), "size": np.array([8, 8])}
    given = RANDOM.normal(size=(1, 12, 16, 3)).astype(np.float32)
    (found,) = converted(tmp_path, nodes, stored, given, dynamic=True)
    assert found.shape == (1, 2, 12, 16)
    with pytest.raises(ValueError, match="no whole factor"):
        converted(tmp_path, nodes, stored | {"size": np.array([6, 6])}, given, dynamic=True)


def test_channels_that_lie_first_already_are_not_moved(tmp_path: Path) -> None:
    """A graph that transposes before and after each convolution becomes one without any transposition."""
    nodes = [
        placeholder(1, 3, 6, 6),
        node("wide", "Pad", ("picture", "sides")),
        node("last", "Transpose", ("wide", "to_last")),
        node("map", "Conv2D", ("last", "kernel"), strides=[1, 1, 1, 1], padding="VALID"),
        node("added", "Add", ("map", "bias")),
        node("first", "Transpose", ("added", "to_first")),
        node("out", "LeakyRelu", ("first",), alpha=0.1),
        node("parts", "SplitV", ("out", "counts", "one")),
    ]
    sides, kernel, bias = np.array([[0, 0], [0, 0], [1, 1], [1, 1]]), short(3, 3, 3, 4), short(4)
    stored = {
        **{"sides": sides, "kernel": kernel, "bias": bias, "one": np.array(1), "counts": np.array([3, 1])},
        **{"to_last": np.array([0, 2, 3, 1]), "to_first": np.array([0, 3, 1, 2])},
    }
    given = RANDOM.normal(size=(1, 3, 6, 6)).astype(np.float32)
    found, second = converted(tmp_path, nodes, stored, given, "out", "parts:1")
    weight = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
    wanted = functional.leaky_relu(
        functional.conv2d(torch.from_numpy(given), weight, torch.from_numpy(bias), padding=1), 0.1
    )
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_array_equal(second, found[:, 3:])
    model = to_onnx(read_graph(tmp_path / "graph.json"), {"out": "out_"})
    assert "Transpose" not in {one.op_type for one in model.graph.node}


def test_the_place_of_the_largest_is_found_and_read(tmp_path: Path) -> None:
    """The end of a network for poses: argmax, whole-number arithmetic, gathering."""
    nodes = [
        placeholder(1, 4, 6, 2, kind="DT_INT32"),
        node("float", "Cast", ("picture",), DstT="DT_FLOAT"),
        node("rows", "Reshape", ("float", "shape")),
        node("best", "ArgMax", ("rows", "one")),
        node("y", "FloorDiv", ("best", "six")),
        node("below", "Mul", ("y", "six")),
        node("x", "Sub", ("best", "below")),
        node("flat_y", "Reshape", ("y", "flat")),
        node("flat_x", "Reshape", ("x", "flat")),
        node("at", "Pack", ("zeros", "flat_y", "flat_x", "channels"), axis=1),
        node("value", "GatherNd", ("float", "at")),
        node("out", "ExpandDims", ("value", "zero")),
    ]
    stored = {
        **{"shape": np.array([1, -1, 2]), "one": np.array(1), "zero": np.array(0), "six": np.array(6)},
        **{"flat": np.array([-1]), "zeros": np.array([0, 0]), "channels": np.array([0, 1])},
    }
    given = RANDOM.permutation(48).reshape(1, 4, 6, 2).astype(np.int32)
    (found,) = converted(tmp_path, nodes, stored, given)
    np.testing.assert_array_equal(found, given.max((1, 2)))


def test_what_is_not_understood_is_refused(tmp_path: Path) -> None:
    picture = placeholder(1, 4, 4, 3)

    def refused(nodes: list[dict[str, Any]], why: str, **stored: Array) -> None:
        with pytest.raises(ValueError, match=why):
            to_onnx(read_graph(write(tmp_path, nodes, stored)), {"out": "out_"})

    refused([picture, node("out", "PyFunc", ("picture",))], "the operation 'PyFunc' is not known here")
    refused([picture, node("out", "Relu", ("missing",))], "the graph has no 'missing'")
    refused([picture, node("out", "Relu", ("a",)), node("a", "Relu", ("out",))], "in a circle")
    refused([picture, node("out", "Reshape", ("picture", "picture"))], "not made of constant whole numbers")
    fused = node("out", "_FusedConv2D", ("picture", "k"), fused_ops=["Elu"], strides=[1] * 4, padding="SAME")
    refused([picture, fused], "not of a form known here", k=short(1, 1, 3, 1))
    refused(
        [picture, node("out", "Conv2D", ("picture", "k"), data_format="NCHW")], "a place that is not known", k=short(1)
    )


def test_files_that_are_no_graph_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, [placeholder(1, 4, 4, 3), node("out", "Relu", ("picture",))], {"k": short(3)})
    told = json.loads(file.read_text())

    def changed(change: Any, why: str) -> None:
        content = json.loads(json.dumps(told))
        change(content)
        file.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=why):
            read_graph(file)

    changed(lambda c: c["weightsManifest"][0].update(paths=["../graph.bin"]), "outside of its folder")
    changed(lambda c: c["weightsManifest"][0]["weights"][0].update(shape=[1 << 40]), "larger than their file")
    changed(lambda c: c["weightsManifest"][0]["weights"][0].update(shape=[-1]), "not known here")
    changed(lambda c: c["weightsManifest"][0]["weights"][0].update(shape=[2]), "and the graph states 4")
    changed(lambda c: c["weightsManifest"][0]["weights"][0].update(dtype="string"), "not known here")
    changed(lambda c: c.pop("modelTopology"), "no graph of TensorFlow.js")
    file.write_text("[" * 200_000)
    with pytest.raises(ValueError, match="no graph of TensorFlow"):
        read_graph(file)
