"""Several processes that train one learner together."""

from __future__ import annotations

import os

import torch
from torch import Tensor, distributed


def is_first() -> bool:
    """Whether this process writes and tells: the first of those that a launcher started."""
    return int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """How many train together; 1 where nobody started more."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def gathered(tensor: Tensor) -> Tensor:
    """The (n, ...) rows of all processes in process order, without gradient; with one process the tensor itself.

    Processes may hold different numbers of rows, and together they give the rows of the whole batch in its order.
    """
    count = processes()
    if count == 1:
        return tensor.detach()
    rows = [torch.zeros(1, dtype=torch.long, device=tensor.device) for _ in range(count)]
    distributed.all_gather(rows, torch.tensor([len(tensor)], device=tensor.device))
    most = max(int(row) for row in rows)
    padded = tensor.new_zeros((most, *tensor.shape[1:]))
    padded[: len(tensor)] = tensor.detach()
    parts = [torch.empty_like(padded) for _ in range(count)]
    distributed.all_gather(parts, padded)
    return torch.cat([part[: int(row)] for part, row in zip(parts, rows, strict=True)])
