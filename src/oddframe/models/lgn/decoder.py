"""The decoder: what was read from the memory, joined with the local branch, becomes the next frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from oddframe.models.lgn.blocks import conv, up
from oddframe.models.lgn.sizes import Sizes


class MemoryDecoder(nn.Module):
    """What was read, brought back to full size; no skip connections, which would carry anomalies past the memory."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, values = sizes.width, sizes.item_size
        self.blocks = nn.Sequential(
            *(conv(values, values), conv(values, values), up(values, 4 * width)),
            *(conv(4 * width, 4 * width), conv(4 * width, 4 * width), up(4 * width, 2 * width)),
            *(conv(2 * width, 2 * width), conv(2 * width, 2 * width), up(2 * width, width)),
        )

    def forward(self, read: Tensor) -> Tensor:
        """(N, S/8, S/8, D) -> (N, width, S, S)."""
        decoded: Tensor = self.blocks(read.movedim(-1, 1))  # (N, width, S, S)
        return decoded


class Painter(nn.Module):
    """The features of one or two branches to the predicted frame: three convolutions, then tanh."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.width
        inputs = 2 * width if sizes.branches == "both" else width
        self.blocks = nn.Sequential(
            conv(inputs, width), conv(width, width), nn.Conv2d(width, sizes.channels, 3, padding=1)
        )

    def forward(self, branches: list[Tensor]) -> Tensor:
        """Each (N, width, S, S) -> (N, C, S, S) in -1 .. 1, float32 whatever the precision."""
        joined = torch.cat(branches, dim=1)  # (N, inputs, S, S)
        painted: Tensor = self.blocks(joined)  # (N, C, S, S)
        return torch.tanh(painted.float())
