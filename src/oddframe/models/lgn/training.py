"""Training LGN-Net: the losses of a batch of windows, the memory's update, and the windows of each epoch."""

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

MARGIN = 1.0


class LGNLearner(Learner):
    """The losses of a batch of windows, and the memory's update after each step (paper LGN-Net, "training").

    Args:
        net: the network to train.
        compactness, separateness: weights of these losses beside that of the prediction.
    """

    def __init__(self, net: LGNNet, compactness: float, separateness: float) -> None:
        super().__init__()
        self.net = net
        self.compactness, self.separateness = compactness, separateness
        self._queries: Tensor | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """The losses of a batch of windows; the last frame of each is predicted from the others.

        Args:
            batch: uint8 windows (N, T + 1, C, S, S).
        """
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


def compactness(queries: Tensor, items: Tensor) -> Tensor:
    """(N,) mean squared differences of queries to their nearest items, over queries *and* values (paper, "losses").

    Args:
        queries: (N, ..., D).
        items: (M, D).
    """
    return (queries - nearest(queries, items).first).square().flatten(1).mean(dim=1)


def separateness(queries: Tensor, items: Tensor) -> Tensor:
    """The mean triplet loss: each query nearer to its nearest item than to the second nearest, by a margin of 1.

    Args:
        queries: (N, ..., D).
        items: (M, D).
    """
    near = nearest(queries, items)
    return functional.triplet_margin_loss(
        queries.flatten(0, -2), near.first.flatten(0, -2), near.second.flatten(0, -2), margin=MARGIN
    )


def squared_error(predicted: Tensor, actual: Tensor) -> Tensor:
    """(N, C, S, S) squared errors of pixels, as they would be in 0 .. 1.

    Args:
        predicted, actual: (N, C, S, S) pixels in -1 .. 1.
    """
    return ((predicted - actual) / 2).square()


def as_pixels(frames: Tensor) -> Tensor:
    """(...) float32 pixels in -1 .. 1 of (...) uint8 ones."""
    return frames.to(torch.float32) / 127.5 - 1


def plan(rows: int, windows: int | None, batch: int, seed: int) -> Callable[[int], Sequence[IntArray]]:
    """A plan of epochs over all rows, or over `windows` of them, drawn anew for each epoch by its number.

    Neighbouring windows are nearly the same, so a few of them make an epoch, and the learning rate, which falls from
    epoch to epoch, falls smoothly in a short training too.

    Args:
        rows: how many there are.
        windows: rows in an epoch; None = all.
        batch: most rows in a batch.
        seed: of the draws and orders.

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
