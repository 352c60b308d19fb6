"""I3D: names, shapes and numbers of the published network, and its logits where the weights are present."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from oddframe import weights
from oddframe.backbones.i3d import I3D, loaded
from oddframe.backbones.i3d_network import MIXED, I3DNetwork, largest, random_state, same
from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.snippet import Snippet
from oddframe.testing.backbones import clips_for
from oddframe.types import Frame, VideoInfo
from oddframe.weights.check import fixed_input, stored_outputs


@pytest.fixture(scope="module")
def small() -> I3D:
    return I3D(16, 64, weights="random")


def test_it_has_the_published_parameters() -> None:
    """12,704,544: convolutions, what is added and the running averages; there are no factors."""
    with torch.device("meta"):
        state = I3DNetwork().state_dict()
    counted = {name: tensor for name, tensor in state.items() if not name.endswith(("norm.weight", "tracked"))}
    assert sum(tensor.numel() for tensor in counted.values()) == weights.TABLE["i3d-kinetics"].conversion.parameters
    assert len(counted) == 57 * 4 + 2
    assert tuple(state["Conv3d_1a_7x7.conv.weight"].shape) == (64, 3, 7, 7, 7)
    assert tuple(state["Mixed_4d.Branch_2.Conv3d_0b_3x3.conv.weight"].shape) == (64, 24, 3, 3, 3)
    assert tuple(state["Logits.Conv3d_0c_1x1.conv.weight"].shape) == (400, 1024, 1, 1, 1)


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "low", "high"),
    [(16, 7, 2, 2, 3), (15, 7, 2, 3, 3), (8, 3, 2, 0, 1), (8, 3, 1, 1, 1), (7, 2, 2, 0, 1)],
)
def test_zeros_are_added_where_tensorflow_adds_them(side: int, kernel: int, stride: int, low: int, high: int) -> None:
    padded = same(torch.ones(1, 1, side, side, side), (kernel,) * 3, (stride,) * 3)
    assert padded.shape[2:] == (low + side + high,) * 3
    middle = padded[0, 0, low + side // 2, low + side // 2]
    assert middle.tolist() == [0] * low + [1] * side + [0] * high


def test_the_maximum_in_time_and_then_in_space_is_the_maximum_of_all() -> None:
    x = torch.rand(2, 3, 6, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = functional.max_pool3d(functional.pad(x, (0, 1) * 3), 3, 2)
    assert torch.equal(largest(x, 3, 3, 2), expected)
    assert torch.equal(largest(x, 3, 3, 1), functional.max_pool3d(x, 3, 1, 1))
    assert torch.equal(
        largest(x, 1, 3, 2), functional.max_pool3d(functional.pad(x, (0, 1, 0, 1)), (1, 3, 3), (1, 2, 2))
    )


def test_folding_changes_nothing() -> None:
    plain = I3DNetwork()
    plain.load_state_dict(random_state(0))
    plain.eval().requires_grad_(False)
    pixels = torch.rand(1, 3, 16, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    torch.testing.assert_close(loaded(random_state(0))(pixels), plain(pixels), rtol=1e-4, atol=1e-4)
    assert not [part for part in loaded(random_state(0)).modules() if isinstance(part, nn.BatchNorm3d)]


def test_steps_in_time_count_as_in_windows_of_two() -> None:
    """The paper averages over windows of two steps, and then over the windows."""
    steps = torch.rand(1, 4, 5, 1, 1)
    expected = functional.avg_pool3d(steps, (2, 1, 1), 1).mean(2)
    torch.testing.assert_close((steps[:, :, :-1] + steps[:, :, 1:]).mean(2) / 2, expected)


def test_the_mean_of_the_cells_is_the_feature(small: I3D) -> None:
    cells, clips = I3D(16, 64, cells=True, weights="random"), clips_for(small, 2)
    found = cells.embed(clips)
    assert tuple(found.shape) == (2, 2, 2, 1024)
    assert cells.grid == (2, 2)
    torch.testing.assert_close(found.mean((1, 2)), small.embed(clips), rtol=1e-5, atol=1e-5)


def test_a_snippet_gives_an_observation_for_each_cell() -> None:
    """A cell's box is the part of the picture that it is about, rows before columns."""
    backbone = I3D(16, 64, cells=True, weights="random")
    video = VideoInfo("v", 80, 40, Fraction(25))
    rng = np.random.default_rng(0)
    frames = [Frame(n, n / 25, rng.integers(0, 256, (40, 80, 3), np.uint8)) for n in range(24)]
    stream = Snippet(backbone=backbone, length=16, step=8, batch=2).open(video)
    pieces = [stream.push(frame) for frame in frames] + [stream.close()]
    found = [piece for piece in pieces if len(piece)]
    assert sum(len(piece) for piece in found) == 2 * 4
    assert found[0].box[:4].tolist() == [[0, 0, 40, 20], [40, 0, 80, 20], [0, 20, 40, 40], [40, 20, 80, 40]]
    clip = torch.from_numpy(np.stack([frame.image for frame in frames[:16]])[None])
    expected = backbone.embed(clip).reshape(4, 1024)
    torch.testing.assert_close(found[0].data["feature"][:4], expected, rtol=1e-4, atol=1e-4)


def test_bad_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"frames": 12}, {"frames": 20}, {"size": 100}, {"weights": "imagenet"}):
        with pytest.raises(SettingsError, match="i3d: "):
            I3D(**{"weights": "random", **wrong})  # type: ignore[arg-type]
    with pytest.raises(WeightsError, match="revision"):
        I3D(weights="random", revision="0123456789abcdef")


def test_without_weights_one_line_says_how_to_get_them() -> None:
    if weights.installed("i3d-kinetics") is None:
        with pytest.raises(WeightsError, match="oddframe models get i3d-kinetics"):
            I3D()


def test_another_network_is_refused() -> None:
    state = random_state(0)
    del state["Mixed_5c.Branch_0.Conv3d_0a_1x1.norm.bias"]
    with pytest.raises(WeightsError, match="Mixed_5c"):
        loaded(state)
    with pytest.raises(WeightsError, match="classifier"):
        loaded({**random_state(0), "classifier": torch.ones(1)})
    assert set(MIXED) <= {name.partition(".")[0] for name in random_state(0)}


@pytest.mark.usefixtures("users_weights")
def test_logits_are_those_of_the_original() -> None:
    if weights.installed("i3d-kinetics") is None:
        pytest.skip("oddframe models get i3d-kinetics")
    network, expected = I3D().network(), stored_outputs("i3d-kinetics")["logits"]
    clip = torch.from_numpy(fixed_input("i3d-kinetics")).permute(0, 4, 1, 2, 3)  # -1 to 1
    with torch.inference_mode():
        logits = network.classified(network((clip + 1) * 127.5)).numpy()[0]
    assert np.abs(logits - expected).max() < 2e-6 * np.abs(expected).max()  # which is 21
