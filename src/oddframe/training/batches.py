"""Batches: which rows are trained on together, and where their tensors come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from oddframe.types import IntArray


@dataclass(frozen=True, slots=True)
class Batches:
    """The data of one training.

    Args:
        epoch: gives the batches of the epoch with this number, each an array of row numbers. It depends on the number
            alone, so that a training that goes on after an interruption gets the same batches.
        load: gives the tensors that the learner's `forward` takes, rows first, from row numbers.
    """

    epoch: Callable[[int], Sequence[IntArray]]
    load: Callable[[IntArray], tuple[Tensor, ...]]


def shuffled(rows: int, batch: int, seed: int) -> Callable[[int], list[IntArray]]:
    """A plan of epochs: each has all rows in another order, in as few batches as possible, all of about one size.

    Sizes are equal because two rows that are left over would make the last statistics that batch normalisation sees,
    and spoil the network that is stored. A last batch of a single row is left out, unless it is the first: batch
    normalisation needs two.

    Args:
        rows: how many there are, >= 1.
        batch: most rows in a batch, >= 1.
        seed: of the orders.

    >>> [len(rows) for rows in shuffled(10, 4, seed=0)(0)], [len(rows) for rows in shuffled(3, 2, seed=0)(0)]
    ([4, 3, 3], [2])
    """

    def epoch(number: int) -> list[IntArray]:
        order = np.random.default_rng((seed, number)).permutation(rows)
        parts = np.array_split(order, -(-rows // batch))
        return parts[:-1] if batch > 1 and len(parts) > 1 and len(parts[-1]) == 1 else parts

    return epoch
