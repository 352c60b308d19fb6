"""Inception-I3D for RGB, named as the paper's network is.

Carreira and Zisserman, "Quo Vadis, Action Recognition?" (2017), figure 3. Padding is TensorFlow's "same": what is odd
goes to the far side.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURES, CLASSES = 1024, 400

MIXED: Mapping[str, tuple[int, int, int, int, int, int]] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}
"""Channels: the first branch; narrowed and wide of the second and of the third; the last."""

POOLED: Mapping[str, tuple[int, int]] = {"Mixed_3b": (1, 3), "Mixed_4b": (3, 3), "Mixed_5b": (2, 2)}
"""Before which modules the maximum is taken, over how many frames and pixels; sides are halved."""


class Unit(nn.Module):
    """A convolution, batch normalisation without a factor, and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.norm: nn.Module = nn.BatchNorm3d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, H, W) -> (B, outputs, T / stride, H / stride, W / stride)."""
        if self.kernel > 1:
            x = same(x, (self.kernel,) * 3, (self.stride,) * 3)
        return functional.relu(self.norm(self.conv(x)))

    def fold(self) -> None:
        """Put the normalisation into the convolution: the same function in fewer steps."""
        if isinstance(self.norm, nn.BatchNorm3d):
            self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Mixed(nn.Module):
    """An Inception module: four branches beside each other."""

    def __init__(self, inputs: int, channels: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        first, narrow, wide, thin, broad, last = channels
        self.Branch_0 = nn.ModuleDict({"Conv3d_0a_1x1": Unit(inputs, first)})
        self.Branch_1 = nn.ModuleDict({"Conv3d_0a_1x1": Unit(inputs, narrow), "Conv3d_0b_3x3": Unit(narrow, wide, 3)})
        self.Branch_2 = nn.ModuleDict({"Conv3d_0a_1x1": Unit(inputs, thin), "Conv3d_0b_3x3": Unit(thin, broad, 3)})
        self.Branch_3 = nn.ModuleDict({"Conv3d_0b_1x1": Unit(inputs, last)})

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, H, W) -> (B, outputs, T, H, W)."""
        branches = []
        for branch in (self.Branch_0, self.Branch_1, self.Branch_2, self.Branch_3):
            y = largest(x, 3, 3, 1) if branch is self.Branch_3 else x
            for unit in branch.values():
                y = unit(y)
            branches.append(y)
        return torch.cat(branches, dim=1)


class I3DNetwork(nn.Module):
    """I3D up to its last map, and its classifier; 12.7 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, 7, 2)
        self.Conv3d_2b_1x1 = Unit(64, 64)
        self.Conv3d_2c_3x3 = Unit(64, 192, 3)
        inputs = 192
        for name, channels in MIXED.items():
            setattr(self, name, Mixed(inputs, channels))
            inputs = channels[0] + channels[2] + channels[4] + channels[5]
        conv = nn.Conv3d(FEATURES, CLASSES, 1)
        self.Logits = nn.ModuleDict({"Conv3d_0c_1x1": nn.ModuleDict({"conv": conv})})

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, T, H, W) RGB, 0 to 255, T 16 or more -> (B, 1024, H / 32, W / 32): local features.

        The last map has T / 8 steps in time. The paper averages over each two that follow each other, and then over
        these: the first and the last step count half. The mean over the cells is the paper's feature.
        """
        x = largest(self.Conv3d_1a_7x7(pixels / 127.5 - 1), 1, 3, 2)
        x = self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x))
        for name in MIXED:
            if name in POOLED:
                x = largest(x, *POOLED[name], 2)
            x = self.get_submodule(name)(x)
        steps: Tensor = x[:, :, :-1] + x[:, :, 1:]
        return steps.mean(2) / 2

    def classified(self, cells: Tensor) -> Tensor:
        """(B, 1024, h, w) local features -> (B, 400) logits of Kinetics' classes."""
        found: Tensor = self.Logits["Conv3d_0c_1x1"]["conv"](cells.mean((2, 3))[:, :, None, None, None])  # type: ignore[index]
        return found[:, :, 0, 0, 0]

    def fold(self) -> None:
        """Put every normalisation into the convolution before it; for a network in eval mode."""
        for module in list(self.modules()):
            if isinstance(module, Unit):
                module.fold()


def same(x: Tensor, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> Tensor:
    """Zeros around (B, C, T, H, W), as TensorFlow's "same" adds them.

    >>> same(torch.ones(1, 1, 8, 8, 8), (7, 7, 7), (2, 2, 2)).shape  # 2 before, 3 behind
    torch.Size([1, 1, 13, 13, 13])
    """
    pads = []
    for side, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        whole = max((-(-side // s) - 1) * s + k - side, 0)
        pads += [whole // 2, whole - whole // 2]
    return functional.pad(x, pads) if any(pads) else x


def largest(x: Tensor, time: int, space: int, stride: int) -> Tensor:
    """The maximum over `time` frames and `space` x `space` pixels, every `stride` pixels, of values of 0 and more.

    In time the stride is the same, but 1 where only one frame is looked at. First in time and then in space: the same
    numbers in half the time.
    """
    step = stride if time > 1 else 1
    x = same(x, (time, space, space), (step, stride, stride))
    if time > 1:
        x = functional.max_pool3d(x, (time, 1, 1), (step, 1, 1))
    return functional.max_pool3d(x, (1, space, space), (1, stride, stride))


def random_state(seed: int) -> dict[str, Tensor]:
    """Weights and statistics of a network that has learnt nothing, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in I3DNetwork().state_dict().items()}
    state = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros((), dtype=torch.int64)
        elif name.endswith("conv.weight"):
            state[name] = torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        else:
            centre = 0.0 if name.endswith(("bias", "running_mean")) else 1.0
            state[name] = centre + 0.25 * torch.rand(shape, generator=generator)
    return state
