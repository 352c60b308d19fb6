"""The memory of the whole training set: prototypes on the unit sphere (paper LGN-Net, "global normality").

Queries and items are unit vectors, so their product is their similarity, and the most similar item is the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


def new_items(items: int, size: int, generator: torch.Generator) -> Tensor:
    """(M, D) unit vectors, uniform in 0 .. 1 before they are normalised.

    Args:
        items: M.
        size: D.
        generator: of the random numbers.
    """
    return functional.normalize(torch.rand((items, size), generator=generator), dim=1)


def likeness(queries: Tensor, items: Tensor) -> Tensor:
    """(..., M) products of unit vectors, in float32 under autocast too.

    In bf16, items whose products differ by a few thousandths could not be told apart.

    Args:
        queries: (..., D).
        items: (M, D).
    """
    with torch.autocast(queries.device.type, enabled=False):
        return queries.float() @ items.T


def read(queries: Tensor, items: Tensor, *, detached: bool = True) -> Tensor:
    """(..., D) what the memory holds for each query: the mean of the items, weighted by a softmax over their products.

    Args:
        queries: (..., D).
        items: (M, D).
        detached: whether nothing here has a gradient, as in the released code: what is predicted from the memory then
            trains the decoder, not the encoder that makes the queries.
    """
    asked = queries.detach() if detached else queries
    weights = torch.softmax(likeness(asked, items), dim=-1)  # (..., M)
    return weights @ items  # (..., D)


def updated(queries: Tensor, items: Tensor) -> Tensor:
    """(M, D) the items, each moved towards the queries that it is the nearest to.

    Each item gains the sum of these queries, weighted by the softmax over *all* N queries divided by its maximum, and
    is normalised again; an item that is nearest to no query stays as it is.

    Args:
        queries: (N, D).
        items: (M, D).
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
    """The nearest and the second nearest item to each query.

    A memory of one item has no second, and gives the first twice.

    Args:
        queries: (..., D).
        items: (M, D).
    """
    order = likeness(queries.detach(), items).topk(min(2, len(items)), dim=-1).indices  # (..., 2)
    return Nearest(items[order[..., 0]], items[order[..., -1]])
