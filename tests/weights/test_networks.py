"""Converted networks give what the originals gave. Skipped where the weights are missing (`oddframe models get`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from safetensors.numpy import load_file

from oddframe import weights
from oddframe.errors import WeightsError
from oddframe.weights.check import check_onnx, fixed_input, sampled, stored_outputs
from oddframe.weights.session import open_session

pytestmark = pytest.mark.usefixtures("users_weights")

GRAPHS = [name for name, entry in weights.TABLE.items() if entry.conversion.kind == "tfjs"]


def needs(name: str) -> None:
    if weights.installed(name) is None:
        pytest.skip(f"oddframe models get {name}")


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_gives_what_tensorflow_js_gave(name: str) -> None:
    """To a hundred-thousandth of the largest number, on a machine that adds in another order."""
    needs(name)
    found = open_session(weights.required(name)).run({"picture": fixed_input(name)})
    assert found.keys() == stored_outputs(name).keys()
    for output, expected in stored_outputs(name).items():
        off = np.abs(sampled(found[output]) - expected).max() / np.abs(expected).max()
        assert off < 2e-5, output


@pytest.mark.parametrize("name", ["nanodet", "centernet"])
def test_other_sizes_give_the_same_where_the_picture_is_the_same(name: str) -> None:
    """Features of a larger picture's upper left part, away from where it ends: only CenterNet's look at all of it."""
    needs(name)
    session, given = open_session(weights.required(name)), fixed_input(name)
    wider = np.concatenate([given, np.flip(given, 3 if name == "nanodet" else 2)], 3 if name == "nanodet" else 2)
    before = session.run({"picture": given}, ["features8"])["features8"]
    after = session.run({"picture": wider}, ["features8"])["features8"]
    assert after.shape[3] == 2 * before.shape[3]
    if name == "nanodet":
        np.testing.assert_allclose(after[..., :20], before[..., :20], atol=1e-4)


def test_another_network_is_told_from_the_original(tmp_path: Path) -> None:
    """One of NanoDet's outputs, multiplied by 1.1."""
    needs("nanodet")
    check_onnx("nanodet", weights.required("nanodet"))
    model = onnx.load(weights.required("nanodet"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(1.1, np.float32), "factor"))
    (last,) = [node for node in model.graph.node if node.output[0] == "classes8"]
    last.output[0] = "before"
    model.graph.node.append(helper.make_node("Mul", ["before", "factor"], ["classes8"]))
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"'classes8' differs from the original's by 0\.1 of its"):
        check_onnx("nanodet", tmp_path / "other.onnx")


def test_i3d_has_the_paper_s_units() -> None:
    """12.7 million numbers: 57 convolutions with a normalisation, and the logits (Carreira and Zisserman 2017)."""
    needs("i3d-kinetics")
    tensors = load_file(weights.required("i3d-kinetics"))
    assert sum(values.size for values in tensors.values()) == 12_704_544
    assert len(tensors) == 57 * 4 + 2
    assert tensors["Conv3d_1a_7x7.conv.weight"].shape == (64, 3, 7, 7, 7)
    assert tensors["Mixed_5c.Branch_1.Conv3d_0b_3x3.conv.weight"].shape == (384, 192, 3, 3, 3)
    assert tensors["Logits.Conv3d_0c_1x1.conv.weight"].shape == (400, 1024, 1, 1, 1)
    assert all((tensors[name] > 0).all() for name in tensors if name.endswith("running_var"))


def test_weights_that_are_missing_are_named_with_their_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"`oddframe models get nanodet` \(145 MB\)"):
        weights.required("nanodet")
