"""SlowFast 8x8 R50: the published network, the published names, and no feature without the right weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from oddframe import catalog
from oddframe.backbones.checkpoint import read_tensors
from oddframe.backbones.slowfast import SlowFast, matched
from oddframe.backbones.slowfast_names import spellings
from oddframe.backbones.slowfast_network import DEPTHS, SlowFastNetwork, random_state
from oddframe.errors import SettingsError, WeightsError
from tests.backbones.checkpoints import spelt, write_caffe2

GOLDEN = [5.9910331, 0.7898236, 3.8351347, 3.1074584, 0.2496644, 0.3118768, 2.2578342, 0.3986527, 6.1209035, 15.122246]
"""Values 0, 1000 ... of PyTorchVideo's own model with `random_state(0)` (benchmarks/slowfast_reference.py)."""


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return random_state(0)


def pattern(size: int) -> Tensor:
    """(1, 32, size, size, 3) uint8: the pattern of benchmarks/slowfast_reference.py."""
    t, y, x, c = torch.meshgrid(*(torch.arange(n) for n in (32, size, size, 3)), indexing="ij")
    return ((t * 37 + y * 11 + x * 5 + c * 83 + t * x) % 256).to(torch.uint8)[None]


def test_the_parameters_are_those_of_the_published_model() -> None:
    """PyTorchVideo's slowfast_r50 has 34,566,488 with a classifier of 2304 channels and 400 classes."""
    with torch.device("meta"):
        network = SlowFastNetwork()
    assert sum(p.numel() for p in network.parameters()) == 34_566_488 - (2304 * 400 + 400)
    assert [len(list(stage.children())) for stage in network.fast.stages] == list(DEPTHS)


def test_shapes_are_those_of_the_paper() -> None:
    """At 256 pixels: an 8 x 8 map, averaged over 7 x 7 at stride 1, gives 2 x 2 places of 2048 + 256 channels."""
    network = SlowFastNetwork().eval()
    slow, fast = torch.zeros(1, 3, 1, 256, 256), torch.zeros(1, 3, 4, 256, 256)
    with torch.inference_mode():
        assert network(slow, fast).shape == (1, 2, 2, 2304)
        assert network.slow.begin(slow).shape == (1, 64, 1, 64, 64)
    assert SlowFast("random").features == 2 * 2 * 2304


def test_values_are_those_of_pytorchvideo() -> None:
    features = SlowFast("random", size=64).embed(pattern(64))
    assert features.shape == (1, 9216)
    torch.testing.assert_close(features[0, ::1000], torch.tensor(GOLDEN), rtol=1e-4, atol=1e-4)


def test_folded_normalisation_is_the_same_function(state: dict[str, Tensor]) -> None:
    network = SlowFastNetwork().eval()
    network.load_state_dict(state)
    fast = torch.rand((1, 3, 8, 64, 64), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        before = network(fast[:, :, ::4], fast)
        network.fold()
        torch.testing.assert_close(network(fast[:, :, ::4], fast), before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("spelling", "file"), [(0, "a.pyth"), (1, "b.pyth"), (1, "old.pyth"), (2, "c.pkl")])
def test_published_checkpoints_are_read(spelling: int, file: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    path, named = tmp_path / file, spelt(state, spelling)
    if spelling == 2:
        write_caffe2(path, named)
    else:
        torch.save({"epoch": 1, "model_state": named}, path, _use_new_zipfile_serialization=not file.startswith("old"))
    found = matched(read_tensors(path), path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())


def test_a_checkpoint_becomes_features(
    state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "SLOWFAST_8x8_R50.pyth"
    torch.save({"model_state": spelt(state, 1)}, path)
    monkeypatch.chdir(tmp_path)
    backbone = SlowFast(path.name, size=64)
    monkeypatch.chdir("/")  # a saved detector finds its weights from anywhere
    assert backbone.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    torch.testing.assert_close(backbone.embed(pattern(64))[0, ::1000], torch.tensor(GOLDEN), rtol=1e-4, atol=1e-4)


def test_names_are_told_apart(state: dict[str, Tensor]) -> None:
    """Every tensor has its own name in each spelling; some that were read in the publishers' logs are among them."""
    everything = [spellings(name) for name in state if not name.endswith("tracked")]
    for spelling in range(3):
        assert len({names[spelling] for names in everything}) == len(everything)
    assert {
        ("s4.pathway0_res5.branch2.a_bn.running_mean", "res4_5_branch2a_bn_rm"),
        ("s2.pathway1_res2.branch2.b.weight", "t_res2_2_branch2b_w"),
    } <= {(names[0], names[2]) for names in everything}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda named: named.pop("s3_fuse.conv_f2s.weight"), "missing tensors fuse.2.conv.weight"),
        (lambda named: named.update({"s6.weight": torch.zeros(1)}), "unknown tensors s6.weight"),
        (
            lambda named: named.update({"s1.pathway0_stem.conv.weight": torch.zeros(64, 3, 5, 7, 7)}),
            "other shapes slow.stem.conv.weight",
        ),
    ],
)
def test_another_network_s_weights_are_refused(
    change: Callable[[dict[str, Tensor]], object], told: str, state: dict[str, Tensor]
) -> None:
    named = spelt(state, 0)
    change(named)
    with pytest.raises(WeightsError, match=f"x.pyth: not SlowFast 8x8 R50: {told}; take the checkpoint https://"):
        matched(named, Path("x.pyth"))


def test_there_are_no_features_without_weights(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs weights"):
        SlowFast()
    with pytest.raises(WeightsError, match=r"nowhere.pkl: No such file"):
        SlowFast(str(tmp_path / "nowhere.pkl"))
    with pytest.raises(SettingsError, match="needs sha256"):
        SlowFast("https://example.org/SLOWFAST_8x8_R50.pkl")
    for size in (32, 100):
        with pytest.raises(SettingsError, match="size"):
            SlowFast("random", size=size)


def test_a_changed_checkpoint_is_noticed(state: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "weights.pyth"
    torch.save(spelt(state, 1), path)
    named = catalog.build("backbone", "slowfast", {"weights": str(path)})
    again = catalog.build("backbone", "slowfast", named.settings())
    assert again.identity() == named.identity()
    torch.save(spelt(random_state(1), 1), path)
    with pytest.raises(WeightsError, match=r"weights.pyth: has sha256"):
        again.embed(pattern(64))
    assert catalog.build("backbone", "slowfast", {"weights": str(path)}).identity() != named.identity()


def test_random_weights_follow_their_seed(state: dict[str, Tensor]) -> None:
    other = random_state(1)
    assert not any(torch.equal(state[name], tensor) for name, tensor in other.items() if tensor.dim())
