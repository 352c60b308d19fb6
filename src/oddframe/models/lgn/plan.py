"""Which windows each epoch trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from oddframe.training.batches import shuffled
from oddframe.types import IntArray


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
