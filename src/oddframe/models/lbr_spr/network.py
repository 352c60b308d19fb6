"""LBR-SPR's networks: an auto-encoder of cubes and its twin for motion, and bands of the picture with their own."""

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
        width: channels of the first maps, doubled at each pooling.
        poolings: how often an encoder halves its maps.
        motion: whether there is a twin network that predicts the flow.
    """

    frames: int
    channels: int
    width: int
    poolings: int
    motion: bool


class AutoEncoder(nn.Module):
    """Pairs of convolutions, halved between them and then doubled again, without skip connections.

    Args:
        inputs, outputs: channels.
        width: channels of the first and the last pair.
        poolings: how often maps are halved; the side of the input is a multiple of 2 ** poolings.
    """

    def __init__(self, inputs: int, outputs: int, width: int, poolings: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(poolings + 1)]
        down = [nn.Sequential(nn.MaxPool2d(2), _pair(w, 2 * w)) for w in widths[:-1]]
        up = [nn.Sequential(_doubled(2 * w), _pair(2 * w, w)) for w in reversed(widths[:-1])]
        self.blocks = nn.Sequential(_pair(inputs, width), *down, *up)
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, outputs, S, S) reconstructions of (N, inputs, S, S), float32 in any precision."""
        features = self.blocks(x)  # (N, width, S, S)
        # Errors are small differences, which bf16 would round away; this layer costs next to nothing.
        with torch.autocast(x.device.type, enabled=False):
            rebuilt: Tensor = self.last(features.float())  # (N, outputs, S, S)
        return rebuilt


class LBRNet(nn.Module):
    """Reconstructs a cube, and predicts its flow from its appearance (paper LBR-SPR, "localization based
    reconstruction" and "motion").

    Args:
        sizes: of both networks.
        flow_scale: pixels per frame that count as 1 to the twin.
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
        """(N,) mean squared errors of the pixels, in 0 .. 1, of (N, T C, S, S) uint8 cubes."""
        pixels = as_pixels(cubes)  # (N, T C, S, S)
        return mean_square(self.appearance(pixels) - pixels)  # (N,)

    def forward(self, cubes: Tensor, flow: Tensor | None = None) -> Mapping[str, Tensor]:
        """Measure how badly cubes are reconstructed.

        Args:
            cubes: (N, T C, S, S) uint8.
            flow: (N, 2 T, S, S) pixels per frame; None = without motion.

        Returns:
            "appearance" and, where there is flow, "motion": mean squared errors, (N,) each.
        """
        pixels = as_pixels(cubes)  # (N, T C, S, S)
        found = {"appearance": mean_square(self.appearance(pixels) - pixels)}  # (N,)
        if self.motion is not None and flow is not None:
            found["motion"] = mean_square(self.motion(pixels) - flow.float() / self.flow_scale)  # (N,)
        return found


def as_pixels(cubes: Tensor) -> Tensor:
    """(...) float32 pixels in 0 .. 1 of (...) uint8 ones."""
    return cubes.to(torch.float32) / 255


def mean_square(difference: Tensor) -> Tensor:
    """(N,) means of the squares of (N, ...)."""
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
    """(N,) the band in which each box's vertical centre lies, 0 the highest.

    Args:
        boxes: (N, 4) x0 y0 x1 y1, pixels.
        height: of the picture, pixels.
        bands: how many equal bands there are.

    >>> bands_of(np.array([[0, 0, 9, 20], [0, 50, 9, 200]], np.float32), height=240, bands=4)
    array([0, 2])
    """
    centres = (boxes[:, 1].astype(np.float64) + boxes[:, 3]) / 2
    found: IntArray = np.clip(np.floor(centres / height * bands), 0, bands - 1).astype(np.int64)
    return found


def rows_of_bands(data: ObservationSource, bands: int) -> list[IntArray]:
    """The numbers of each band's observations.

    Args:
        data: the observations of all videos.
        bands: how many equal bands there are.
    """
    of = [bands_of(data.columns(info.id).box, info.height, bands) for info in data.videos()]
    whole = np.concatenate([np.zeros(0, np.int64), *of])
    return [np.flatnonzero(whole == band) for band in range(bands)]
