"""LGN-Net as the training loop sees it.

What LGN-Net is trained for (paper, "loss functions"): to predict, and to keep queries by their items.

Which windows each epoch trains on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from oddframe.models.lgn.memory import nearest, updated
from oddframe.models.lgn.network import LGNNet
from oddframe.training.batches import shuffled
from oddframe.training.devices import gathered
from oddframe.training.learner import Learner
from oddframe.types import IntArray


class LGNLearner(Learner):
    """The losses of a batch of windows, and the memory's update after each step (paper LGN-Net, "training").

    Args:
        net: what is trained.
        compactness, separateness: weights of these losses beside that of the prediction.
    """

    def __init__(self, net: LGNNet, compactness: float, separateness: float) -> None:
        super().__init__()
        self.net = net
        self.compactness, self.separateness = compactness, separateness
        self._queries: Tensor | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """Losses of uint8 windows (N, T + 1, C, S, S), the last frame of which is predicted from the others."""
        (windows,) = batch
        frames = as_pixels(windows)  # (N, T + 1, C, S, S)
        encoded = self.net.encode(frames[:, :-1])
        predicted = self.net.predict(encoded, self.net.items)  # (N, C, S, S)
        prediction = functional.mse_loss(predicted, frames[:, -1])
        if encoded.queries is None:
            return {"loss": prediction, "prediction": prediction}
        near = compactness(encoded.queries, self.net.items).mean()
        apart = separateness(encoded.queries, self.net.items)
        self._queries = encoded.queries.detach()  # (N, S/8, S/8, D)
        loss = prediction + self.compactness * near + self.separateness * apart
        return {"loss": loss, "prediction": prediction, "compactness": near, "separateness": apart}

    @torch.no_grad()
    def after_step(self) -> None:
        """Move the items towards the queries of the whole batch, whichever process had them."""
        if self._queries is not None:
            queries = gathered(self._queries).flatten(0, -2)  # (N S/8 S/8, D)
            self.net.items.copy_(updated(queries, self.net.items))
            self._queries = None


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


def plan(rows: int, windows: int | None, batch: int, seed: int) -> Callable[[int], Sequence[IntArray]]:
    """Epochs of all rows, or of `windows` of them, drawn anew for each epoch by its number.

    Neighbouring windows are nearly the same, so that few of them make an epoch, and the learning rate, which falls
    from epoch to epoch, falls smoothly in a short training too.

    >>> epoch = plan(100, windows=6, batch=4, seed=0)
    >>> [len(rows) for rows in epoch(0)]
    [3, 3]
    """
    if windows is None or windows >= rows:
        return shuffled(rows, batch, seed)

    def epoch(number: int) -> list[IntArray]:
        drawn = np.random.default_rng((seed, number, rows)).permutation(rows)[:windows]
        return [drawn[places] for places in shuffled(windows, batch, seed)(number)]

    return epoch
