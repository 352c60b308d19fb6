"""The networks are the paper's: their layers, cost, and what they take for a pixel and for flow."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from oddframe.models.lbr_spr.network import AutoEncoder, LBRNet, LBRNetSizes
from tests.models.lbr_spr.tiny import batch, tiny_net


def test_the_paper_size_has_the_papers_layers() -> None:
    """15 channels to 32, 64, 128, 256 and back, two convolutions each; parameters and multiplications by hand."""
    net = LBRNet(LBRNetSizes(frames=5, channels=3, width=32, poolings=3, motion=True), 1.0, seed=0)
    assert net.motion is not None
    pairs = [(15, 32, 32), (32, 64, 16), (64, 128, 8), (128, 256, 4), (256, 128, 8), (128, 64, 16), (64, 32, 32)]
    doubling = [(256, 8), (128, 16), (64, 32)]
    convolutions = sum(9 * (i * o + o * o) for i, o, _ in pairs) + sum(9 * c * c for c, _ in doubling)
    norms, biases = sum(2 * 2 * o for _, o, _ in pairs), sum(c for c, _ in doubling)
    for twin, outputs in ((net.appearance, 15), (net.motion, 10)):
        assert sum(p.numel() for p in twin.parameters()) == convolutions + norms + biases + 33 * outputs
    done = sum(9 * (i * o + o * o) * side**2 for i, o, side in pairs) + 32 * 15 * 32**2
    done += sum(9 * c * c * (side // 2) ** 2 for c, side in doubling)  # each input pixel is spread over nine
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.appearance(torch.zeros(1, 15, 32, 32))
    assert counter.get_total_flops() // 2 == done


def test_nothing_skips_the_narrowest_part() -> None:
    """With the narrowest maps at zero, all cubes are rebuilt alike."""
    net = AutoEncoder(3, 3, width=4, poolings=2).eval()
    deepest = net.blocks[2]
    deepest.register_forward_hook(lambda _module, _inputs, output: torch.zeros_like(output))
    found = net(torch.rand(2, 3, 8, 8))
    assert torch.equal(found[0], found[1])


def test_errors_are_means_over_pixels_of_0_to_1_and_over_scaled_flow() -> None:
    net = tiny_net(motion=True).eval()
    net.flow_scale.fill_(4.0)
    _, cubes, flow = batch(3, motion=True)
    assert net.motion is not None
    pixels = cubes.double() / 255
    with torch.no_grad():
        rebuilt, told = net.appearance(pixels.float()), net.motion(pixels.float())
        found = net(cubes, flow)
    torch.testing.assert_close(found["appearance"], (rebuilt - pixels).square().mean((1, 2, 3)).float())
    torch.testing.assert_close(found["motion"], (told - flow.double() / 4).square().mean((1, 2, 3)).float())
    torch.testing.assert_close(net.appearance_error(cubes), found["appearance"])


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_what_is_rebuilt_is_float32_in_any_precision(kind: torch.dtype) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=kind is torch.bfloat16), torch.no_grad():
        assert tiny_net().appearance(torch.rand(3, 6, 8, 8)).dtype == torch.float32


def test_convolutions_before_a_batch_norm_have_no_bias() -> None:
    layers = [m for m in tiny_net().modules() if isinstance(m, nn.Conv2d)]
    assert [m.kernel_size for m in layers if m.bias is not None] == [(1, 1)]
