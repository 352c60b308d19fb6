"""The SlowFast network: a slow pathway that sees few frames, a fast one that sees all, joined at four places.

Feichtenhofer, Fan, Malik and He, "SlowFast networks for video recognition" (2019): the 8x8 instance on ResNet-50, up
to the head's averages. The classifier is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

ALPHA = 4
"""Frames of the fast pathway to one of the slow."""

DEPTHS = (3, 4, 6, 3)
SLOW, FAST = 64, 8
"""Channels after a pathway's stem."""

_Sides: TypeAlias = tuple[int, int, int]  # time, height, width


class ConvNorm(nn.Module):
    """A convolution in time and space without bias, then batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: _Sides, stride: _Sides = (1, 1, 1)) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
        self.conv = nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm: nn.Module = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, H, W) -> (B, outputs, T', H', W')."""
        found: Tensor = self.norm(self.conv(x))
        return found

    def fold(self) -> None:
        """The same function with the normalisation inside the convolution: a third fewer steps."""
        if isinstance(self.norm, nn.BatchNorm3d):
            self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Bottleneck(nn.Module):
    """Convolutions in time, in space and over channels, added to what came in."""

    def __init__(self, inputs: int, inner: int, outputs: int, time: int, stride: int) -> None:
        super().__init__()
        self.a = ConvNorm(inputs, inner, (time, 1, 1))
        self.b = ConvNorm(inner, inner, (1, 3, 3), (1, stride, stride))
        self.c = ConvNorm(inner, outputs, (1, 1, 1))
        self.shortcut = None
        if inputs != outputs or stride != 1:
            self.shortcut = ConvNorm(inputs, outputs, (1, 1, 1), (1, stride, stride))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, H, W) -> (B, outputs, T, H/stride, W/stride)."""
        y: Tensor = functional.relu(self.b(functional.relu(self.a(x))))
        return functional.relu(self.c(y) + (x if self.shortcut is None else self.shortcut(x)))


class Pathway(nn.Module):
    """A stem and four stages of bottlenecks.

    Args:
        width: channels after the stem; a stage gives 4, 8, 16 and 32 times as many.
        extra: channels that the other pathway adds after the stem; 2, 4, ... times as many after the stages.
        times: length in time of the stem's kernel, and of each stage's.
    """

    def __init__(self, width: int, extra: int, times: Sequence[int]) -> None:
        super().__init__()
        self.stem = ConvNorm(3, width, (times[0], 7, 7), (1, 2, 2))
        stages = []
        for stage, depth in enumerate(DEPTHS):
            outputs, inner = width * 4 << stage, width << stage
            first = width + extra if stage == 0 else (width * 4 + extra * 4) << (stage - 1)
            blocks = [
                Bottleneck(first if n == 0 else outputs, inner, outputs, times[stage + 1], 2 if stage and not n else 1)
                for n in range(depth)
            ]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def begin(self, x: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, width, T, H/4, W/4)."""
        return functional.max_pool3d(functional.relu(self.stem(x)), (1, 3, 3), (1, 2, 2), (0, 1, 1))


class SlowFastNetwork(nn.Module):
    """SlowFast 8x8 R50 without the classifier; 33.6 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = Pathway(SLOW, 2 * FAST, (1, 1, 1, 3, 3))
        self.fast = Pathway(FAST, 0, (5, 3, 3, 3, 3))
        widths = [FAST, *(FAST * 4 << stage for stage in range(3))]
        self.fuse = nn.ModuleList(ConvNorm(w, 2 * w, (7, 1, 1), (ALPHA, 1, 1)) for w in widths)

    def forward(self, slow: Tensor, fast: Tensor) -> Tensor:
        """Normalised pixels, (B, 3, T/4, H, W) and (B, 3, T, H, W), sides divisible by 32 -> (B, 2, 2, 2304).

        At 256 pixels the last maps are 8 x 8 and the head's averages are over 7 x 7 of them, at stride 1; at other
        sizes a window is one smaller than the map, too. In time they are over everything.
        """
        x, y = self.slow.begin(slow), self.fast.begin(fast)
        for fuse, ahead, beside in zip(self.fuse, self.slow.stages, self.fast.stages, strict=True):
            x, y = ahead(torch.cat([x, functional.relu(fuse(y))], dim=1)), beside(y)
        means = [functional.avg_pool3d(z, (z.shape[2], z.shape[3] - 1, z.shape[4] - 1), stride=1) for z in (x, y)]
        return torch.cat(means, dim=1)[:, :, 0].permute(0, 2, 3, 1)  # (B, 2048 + 256, 2, 2) -> (B, 2, 2, 2304)

    def fold(self) -> None:
        """Put every batch normalisation into the convolution before it; for a network in eval mode."""
        for module in list(self.modules()):
            if isinstance(module, ConvNorm):
                module.fold()


def random_state(seed: int) -> dict[str, Tensor]:
    """Weights and statistics of a network that has learnt nothing, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in SlowFastNetwork().state_dict().items()}
    state = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros((), dtype=torch.int64)
        elif name.endswith("conv.weight"):
            state[name] = torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        else:
            # Means and offsets around 0, deviations and factors around 1/2: nothing that a wrong order would hide.
            centre = 0.0 if name.endswith(("bias", "running_mean")) else 0.5
            state[name] = centre + 0.25 * torch.rand(shape, generator=generator)
    return state
