"""The global branch's encoder: frames to the queries that the memory is asked (paper LGN-Net, "global normality")."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from oddframe.models.lgn.blocks import conv
from oddframe.models.lgn.sizes import Sizes


class GlobalEncoder(nn.Module):
    """Four blocks of two convolutions over the stacked frames, halved between them.

    The last convolution is bare: a ReLU would keep all queries in one corner of the sphere that they are put on.
    """

    def __init__(self, sizes: Sizes) -> None:
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
        """(N, T, C, S, S) in -1 .. 1 -> (N, S/8, S/8, D) unit queries, float32 whatever the precision."""
        features = self.blocks(frames.flatten(1, 2))  # (N, D, S/8, S/8)
        return functional.normalize(features.float().movedim(1, -1), dim=-1)  # (N, S/8, S/8, D)
