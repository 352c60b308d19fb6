"""The auto-encoder of paper LBR-SPR, and its twin for motion.

Horizontal bands of the picture, which have a network each: far and near things differ in size and detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from oddframe.models.source import ObservationSource
from oddframe.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class LBRNetSizes:
    """Sizes of the networks, all at least 1.

    Args:
        frames, channels: of a cube.
        width: channels of the widest maps, doubled at each pooling.
        poolings: how often an encoder halves its maps.
        motion: whether there is a twin that tells the flow.
    """

    frames: int
    channels: int
    width: int
    poolings: int
    motion: bool


class AutoEncoder(nn.Module):
    """Pairs of convolutions, halved between them and then doubled again; no connection skips the narrowest part.

    Args:
        inputs, outputs: channels.
        width: of the first and the last pair.
        poolings: how often maps are halved; the side of what comes in is a multiple of 2 ** poolings.
    """

    def __init__(self, inputs: int, outputs: int, width: int, poolings: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(poolings + 1)]
        down = [nn.Sequential(nn.MaxPool2d(2), _pair(w, 2 * w)) for w in widths[:-1]]
        up = [nn.Sequential(_doubled(2 * w), _pair(2 * w, w)) for w in reversed(widths[:-1])]
        self.blocks = nn.Sequential(_pair(inputs, width), *down, *up)
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, S, S) -> (N, outputs, S, S), float32 whatever the precision."""
        features = self.blocks(x)  # (N, width, S, S)
        # Errors are small differences, which bf16 would round away; this layer costs next to nothing.
        with torch.autocast(x.device.type, enabled=False):
            rebuilt: Tensor = self.last(features.float())  # (N, outputs, S, S)
        return rebuilt


class LBRNet(nn.Module):
    """Rebuilds a cube from itself, and tells its flow from its looks (paper LBR-SPR, "localization based
    reconstruction" and "motion").

    Args:
        sizes: of everything.
        flow_scale: pixels a frame that count as 1 to the twin.
        seed: of the initial weights.
    """

    flow_scale: Tensor

    def __init__(self, sizes: LBRNetSizes, flow_scale: float, seed: int) -> None:
        super().__init__()
        self.sizes = sizes
        inputs = sizes.frames * sizes.channels
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.appearance = AutoEncoder(inputs, inputs, sizes.width, sizes.poolings)
            twin = AutoEncoder(inputs, 2 * sizes.frames, sizes.width, sizes.poolings) if sizes.motion else None
        self.motion = twin
        self.register_buffer("flow_scale", torch.tensor(flow_scale, dtype=torch.float32))

    def appearance_error(self, cubes: Tensor) -> Tensor:
        """Of (N, T C, S, S) cubes, uint8: the mean squared error of pixels in 0 .. 1, (N,)."""
        pixels = as_pixels(cubes)  # (N, T C, S, S)
        return mean_square(self.appearance(pixels) - pixels)  # (N,)

    def forward(self, cubes: Tensor, flow: Tensor | None = None) -> Mapping[str, Tensor]:
        """The mean squared errors of (N, T C, S, S) cubes, uint8, and of their (N, 2 T, S, S) flow: each (N,)."""
        pixels = as_pixels(cubes)  # (N, T C, S, S)
        found = {"appearance": mean_square(self.appearance(pixels) - pixels)}  # (N,)
        if self.motion is not None and flow is not None:
            found["motion"] = mean_square(self.motion(pixels) - flow.float() / self.flow_scale)  # (N,)
        return found


def as_pixels(cubes: Tensor) -> Tensor:
    """uint8 -> float32 in 0 .. 1, of the same shape."""
    return cubes.to(torch.float32) / 255


def mean_square(difference: Tensor) -> Tensor:
    """(N, ...) -> (N,): the mean of the squares."""
    return difference.square().flatten(1).mean(dim=1)


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    """(N, inputs, H, W) -> (N, outputs, H, W): twice 3 x 3 convolution, batch norm, ReLU."""
    return nn.Sequential(*_conv(inputs, outputs), *_conv(outputs, outputs))


def _conv(inputs: int, outputs: int) -> list[nn.Module]:
    # Batch norm takes the mean out again, so a bias would be one parameter that no gradient moves.
    plain = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [plain, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _doubled(channels: int) -> nn.ConvTranspose2d:
    """(N, channels, H, W) -> (N, channels, 2 H, 2 W)."""
    return nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1)


def bands_of(boxes: FloatArray, height: int, bands: int) -> IntArray:
    """(N, 4) boxes -> (N,) the band that each one's vertical centre is in, 0 the highest of `bands` equal ones.

    >>> bands_of(np.array([[0, 0, 9, 20], [0, 50, 9, 200]], np.float32), height=240, bands=4)
    array([0, 2])
    """
    centres = (boxes[:, 1].astype(np.float64) + boxes[:, 3]) / 2
    found: IntArray = np.clip(np.floor(centres / height * bands), 0, bands - 1).astype(np.int64)
    return found


def rows_of_bands(data: ObservationSource, bands: int) -> list[IntArray]:
    """The numbers of each band's observations."""
    of = [bands_of(data.columns(info.id).box, info.height, bands) for info in data.videos()]
    whole = np.concatenate([np.zeros(0, np.int64), *of])
    return [np.flatnonzero(whole == band) for band in range(bands)]
