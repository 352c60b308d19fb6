"""The convolutions that all parts of the network are made of."""

from __future__ import annotations

from torch import nn


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride): 3 x 3, batch norm, ReLU."""
    # Batch norm takes the mean out again, so a bias would be one parameter that no gradient moves.
    plain = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def up(inputs: int, outputs: int) -> nn.Sequential:
    """(N, inputs, H, W) -> (N, outputs, 2 H, 2 W): transposed 3 x 3 convolution, batch norm, ReLU."""
    transposed = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
    return nn.Sequential(transposed, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
