"""The local branch: how the last few frames evolve (paper LGN-Net, "local normality")."""

from __future__ import annotations

from torch import Tensor, nn

from oddframe.models.lgn.blocks import conv, up
from oddframe.models.lgn.sizes import Sizes
from oddframe.models.lgn.st_lstm import STLSTM


class LocalBranch(nn.Module):
    """Each frame encoded to a quarter of its side, stacked ST-LSTM layers over the frames, and back to full size."""

    def __init__(self, sizes: Sizes) -> None:
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
        """(N, T, C, S, S) in -1 .. 1 -> (N, width, S, S)."""
        encoded = self.encoder(frames.flatten(0, 1))  # (N T, hidden, S/4, S/4)
        steps = encoded.unflatten(0, frames.shape[:2])  # (N, T, hidden, S/4, S/4)
        evolved = self.recurrent(steps)  # (N, 2 hidden, S/4, S/4)
        decoded: Tensor = self.decoder(evolved)  # (N, width, S, S)
        return decoded
