"""What LGN-Net is trained for (paper, "loss functions"): to predict, and to keep queries by their items."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from oddframe.models.lgn.memory import nearest

MARGIN = 1.0


def compactness(queries: Tensor, items: Tensor) -> Tensor:
    """(N, ..., D) queries -> (N,): the mean over queries *and* values of the squared difference to the nearest item."""
    return (queries - nearest(queries, items).first).square().flatten(1).mean(dim=1)


def separateness(queries: Tensor, items: Tensor) -> Tensor:
    """Mean triplet loss: each query by a margin of 1 nearer to its nearest item than to the second nearest."""
    near = nearest(queries, items)
    return functional.triplet_margin_loss(
        queries.flatten(0, -2), near.first.flatten(0, -2), near.second.flatten(0, -2), margin=MARGIN
    )


def squared_error(predicted: Tensor, actual: Tensor) -> Tensor:
    """Of pixels in -1 .. 1, (N, C, S, S) twice: the squared errors that they would have in 0 .. 1, as many."""
    return ((predicted - actual) / 2).square()


def as_pixels(frames: Tensor) -> Tensor:
    """uint8 -> float32 in -1 .. 1, of the same shape."""
    return frames.to(torch.float32) / 127.5 - 1
