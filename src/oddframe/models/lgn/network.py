"""LGN-Net's network: frames in, the next frame out, through a local and a global branch (paper LGN-Net, fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from oddframe.models.lgn.memory import new_items, read
from oddframe.models.lgn.st_lstm import STLSTM

Branches: TypeAlias = Literal["both", "local", "global"]

REDUCED = 8
"""Pixels a side of the square that one query of the memory speaks for: the global encoder halves the frame thrice."""


@dataclass(frozen=True, slots=True)
class LGNNetSizes:
    """Sizes of the network, all at least 1.

    Args:
        channels: of a frame: 1 (grey) or 3 (colour).
        context: frames from which the next one is predicted.
        width: channels of the first maps; encoder and decoder double it as they halve the frame.
        hidden: channels of each recurrent layer.
        layers: how many of these are stacked.
        items, item_size: prototypes in the memory, and values in each.
        branches: "both", or one of the two alone (paper, ablation).
    """

    channels: int
    context: int
    width: int
    hidden: int
    layers: int
    items: int
    item_size: int
    branches: Branches


@dataclass(frozen=True, slots=True)
class Encoded:
    """The output of the branches for some frames; None for a branch that is not there.

    Args:
        local: (N, width, S, S).
        queries: (N, S/8, S/8, D) unit vectors.
    """

    local: Tensor | None
    queries: Tensor | None


class LGNNet(nn.Module):
    """LGN-Net (paper, "method"): predicts a frame from `context` frames before it.

    The memory's items are a buffer, (M, D), without gradient; `memory.updated` changes them.

    Args:
        sizes: of everything.
        seed: of the initial weights and items.
        detached: whether the memory is read without gradient, see `memory.read`.
    """

    items: Tensor

    def __init__(self, sizes: LGNNetSizes, seed: int, *, detached: bool = True) -> None:
        super().__init__()
        self.sizes, self.detached = sizes, detached
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.local = LocalBranch(sizes) if sizes.branches != "global" else None
            self.encoder = GlobalEncoder(sizes) if sizes.branches != "local" else None
            self.decoder = MemoryDecoder(sizes) if sizes.branches != "local" else None
            self.painter = FrameDecoder(sizes)
        count = sizes.items if sizes.branches != "local" else 0
        self.register_buffer("items", new_items(count, sizes.item_size, torch.Generator().manual_seed(seed)))

    def encode(self, frames: Tensor) -> Encoded:
        """The output of both branches for (N, T, C, S, S) frames in -1 .. 1, before the memory is read."""
        local = None if self.local is None else self.local(frames)  # (N, width, S, S)
        queries = None if self.encoder is None else self.encoder(frames)  # (N, S/8, S/8, D)
        return Encoded(local, queries)

    def predict(self, encoded: Encoded, items: Tensor) -> Tensor:
        """(N, C, S, S) predicted frames in -1 .. 1.

        Args:
            encoded: what `encode` gave.
            items: (M, D) of the memory to read from.
        """
        branches = [] if encoded.local is None else [encoded.local]  # (N, width, S, S)
        if encoded.queries is not None and self.decoder is not None:
            found = read(encoded.queries, items, detached=self.detached)  # (N, S/8, S/8, D)
            branches.append(self.decoder(found))  # (N, width, S, S)
        painted: Tensor = self.painter(branches)  # (N, C, S, S)
        return painted

    def forward(self, frames: Tensor) -> Tensor:
        """(N, C, S, S) predicted frames in -1 .. 1 from (N, T, C, S, S) frames in -1 .. 1."""
        return self.predict(self.encode(frames), self.items)


class GlobalEncoder(nn.Module):
    """The global branch's encoder: frames to the queries that read the memory (paper LGN-Net, "global normality").

    Four blocks of two convolutions over the stacked frames, halved between them. The last convolution has no ReLU,
    which would put all queries in one corner of the sphere.
    """

    def __init__(self, sizes: LGNNetSizes) -> None:
        super().__init__()
        width, values = sizes.width, sizes.item_size
        stacked = sizes.channels * sizes.context
        self.blocks = nn.Sequential(
            *(conv(stacked, width), conv(width, width), nn.MaxPool2d(2)),
            *(conv(width, 2 * width), conv(2 * width, 2 * width), nn.MaxPool2d(2)),
            *(conv(2 * width, 4 * width), conv(4 * width, 4 * width), nn.MaxPool2d(2)),
            *(conv(4 * width, values), nn.Conv2d(values, values, 3, padding=1)),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """(N, S/8, S/8, D) unit queries from (N, T, C, S, S) frames in -1 .. 1; float32 in any precision."""
        features = self.blocks(frames.flatten(1, 2))  # (N, D, S/8, S/8)
        return functional.normalize(features.float().movedim(1, -1), dim=-1)  # (N, S/8, S/8, D)


class MemoryDecoder(nn.Module):
    """The global branch's decoder: what was read from the memory, brought back to full size.

    It has no skip connections, which would carry anomalies past the memory.
    """

    def __init__(self, sizes: LGNNetSizes) -> None:
        super().__init__()
        width, values = sizes.width, sizes.item_size
        self.blocks = nn.Sequential(
            *(conv(values, values), conv(values, values), up(values, 4 * width)),
            *(conv(4 * width, 4 * width), conv(4 * width, 4 * width), up(4 * width, 2 * width)),
            *(conv(2 * width, 2 * width), conv(2 * width, 2 * width), up(2 * width, width)),
        )

    def forward(self, read: Tensor) -> Tensor:
        """(N, width, S, S) features from (N, S/8, S/8, D) read items."""
        decoded: Tensor = self.blocks(read.movedim(-1, 1))  # (N, width, S, S)
        return decoded


class FrameDecoder(nn.Module):
    """The last layers: features of one or two branches to the predicted frame, three convolutions and tanh."""

    def __init__(self, sizes: LGNNetSizes) -> None:
        super().__init__()
        width = sizes.width
        inputs = 2 * width if sizes.branches == "both" else width
        self.blocks = nn.Sequential(
            conv(inputs, width), conv(width, width), nn.Conv2d(width, sizes.channels, 3, padding=1)
        )

    def forward(self, branches: list[Tensor]) -> Tensor:
        """(N, C, S, S) frames in -1 .. 1 from a list of (N, width, S, S) features; float32 in any precision."""
        joined = torch.cat(branches, dim=1)  # (N, inputs, S, S)
        painted: Tensor = self.blocks(joined)  # (N, C, S, S)
        return torch.tanh(painted.float())


class LocalBranch(nn.Module):
    """The local branch: how the last few frames evolve (paper LGN-Net, "local normality").

    Each frame is encoded to a quarter of its side; stacked ST-LSTM layers run over the frames; a decoder brings the
    result back to full size.
    """

    def __init__(self, sizes: LGNNetSizes) -> None:
        super().__init__()
        width, hidden = sizes.width, sizes.hidden
        self.encoder = nn.Sequential(
            conv(sizes.channels, width, stride=2),
            conv(width, width),
            conv(width, hidden, stride=2),
            conv(hidden, hidden),
        )
        self.recurrent = STLSTM(hidden, hidden, sizes.layers)
        self.decoder = nn.Sequential(up(2 * hidden, hidden), up(hidden, width))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, width, S, S) features from (N, T, C, S, S) frames in -1 .. 1."""
        encoded = self.encoder(frames.flatten(0, 1))  # (N T, hidden, S/4, S/4)
        steps = encoded.unflatten(0, frames.shape[:2])  # (N, T, hidden, S/4, S/4)
        evolved = self.recurrent(steps)  # (N, 2 hidden, S/4, S/4)
        decoded: Tensor = self.decoder(evolved)  # (N, width, S, S)
        return decoded


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution with batch norm and ReLU: (N, inputs, H, W) -> (N, outputs, H / stride, W / stride).

    Args:
        inputs, outputs: channels.
        stride: pixels between outputs.
    """
    # Batch norm takes the mean out again, so a bias would be one parameter that no gradient moves.
    plain = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def up(inputs: int, outputs: int) -> nn.Sequential:
    """A transposed 3 x 3 convolution with batch norm and ReLU: (N, inputs, H, W) -> (N, outputs, 2 H, 2 W).

    Args:
        inputs, outputs: channels.
    """
    transposed = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
    return nn.Sequential(transposed, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
