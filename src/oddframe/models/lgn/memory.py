"""The memory of the whole training set: prototypes on the unit sphere (paper LGN-Net, "global normality").

Queries and items are unit vectors, so their product is their likeness, and the likeliest item is the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


def new_items(items: int, size: int, generator: torch.Generator) -> Tensor:
    """(M, D) unit vectors, uniform in 0 .. 1 before they are normalised."""
    return functional.normalize(torch.rand((items, size), generator=generator), dim=1)


def likeness(queries: Tensor, items: Tensor) -> Tensor:
    """(..., D) by (M, D) -> (..., M): products of unit vectors, in float32 under autocast too.

    In bf16 the nearest item would be drawn by lot among those within a few thousandths.
    """
    with torch.autocast(queries.device.type, enabled=False):
        return queries.float() @ items.T


def read(queries: Tensor, items: Tensor, *, detached: bool = True) -> Tensor:
    """(..., D) queries -> (..., D): the mean of the (M, D) items, weighted by a softmax over them.

    Detached, as the released code reads, nothing here has a gradient: what is predicted from the memory trains its
    reader, not the encoder that asks.
    """
    asked = queries.detach() if detached else queries
    weights = torch.softmax(likeness(asked, items), dim=-1)  # (..., M)
    return weights @ items  # (..., D)


def updated(queries: Tensor, items: Tensor) -> Tensor:
    """The (M, D) items moved towards the (N, D) queries whose nearest they are.

    Each item gains the sum of these queries, weighted by the softmax over *all* N queries divided by its maximum, and
    is normalised again; an item that is nobody's nearest stays as it is.
    """
    with torch.no_grad():
        match = likeness(queries, items)  # (N, M)
        weights = torch.exp(match - match.amax(dim=0))  # (N, M): the softmax's sum cancels
        mine = functional.one_hot(match.argmax(dim=1), len(items))  # (N, M)
        return functional.normalize(items + (weights * mine).T @ queries, dim=1)  # (M, D)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The two items nearest to each query.

    Args:
        first, second: (..., D).
    """

    first: Tensor
    second: Tensor


def nearest(queries: Tensor, items: Tensor) -> Nearest:
    """The nearest and the second nearest of the (M, D) items to each of the (..., D) queries; M >= 2.

    A memory of one item has no second, and gives the first twice.
    """
    order = likeness(queries.detach(), items).topk(min(2, len(items)), dim=-1).indices  # (..., 2)
    return Nearest(items[order[..., 0]], items[order[..., -1]])
