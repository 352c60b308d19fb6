"""The losses of CBCG: equations of docs/methods/cbcg.md."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_TINY = 1e-12
_SURE = 1e-6  # no opinion is nearer to 0 or 1 than that


def top_k(scores: Tensor, there: Tensor, k: int) -> Tensor:
    """(B, T) which segments are a bag's k highest, or all of a bag that has fewer.

    Args:
        scores: (B, T).
        there: (B, T) which segments exist.
        k: >= 1.

    >>> top_k(torch.tensor([[0.1, 0.9, 0.5]]), torch.tensor([[True, True, False]]), 2)
    tensor([[ True,  True, False]])
    """
    held = scores.detach().masked_fill(~there, -torch.inf)
    chosen = torch.zeros_like(there)
    return chosen.scatter_(1, held.topk(min(k, held.shape[1]), dim=1).indices, True) & there


def bag_loss(scores: Tensor, chosen: Tensor, odd: Tensor) -> Tensor:
    """The mean cross entropy of each bag's mean chosen score and its label.

    Args:
        scores: (B, T) in 0 .. 1.
        chosen: (B, T) see `top_k`.
        odd: (B,) labels, true where abnormal.
    """
    mean = (scores * chosen).sum(1) / chosen.sum(1).clamp(min=1)  # (B,)
    return _entropy(mean, odd.float()).mean()


def compact(embeddings: Tensor, members: Tensor, centre: Tensor) -> Tensor:
    """The mean squared distance of the members to a centre; 0 of none.

    Args:
        embeddings: (B, T, E).
        members: (B, T).
        centre: (E,).
    """
    distance = (embeddings - centre).square().sum(-1)  # (B, T)
    return (distance * members).sum() / members.sum().clamp(min=1)


def apart(one: Tensor, other: Tensor, margin: float) -> Tensor:
    """The squared amount by which the distance of two centres is below the margin; 0 where it is not.

    Args:
        one, other: (E,) centres.
        margin: the wanted distance.

    >>> float(apart(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5]), margin=1.5))
    1.0
    """
    distance = ((one - other).square().sum() + _TINY).sqrt()  # the root has no gradient at 0
    return functional.relu(margin - distance).square()


def relative_distance(embeddings: Tensor, normal: Tensor, odd: Tensor) -> Tensor:
    """(...) where embeddings lie between two centres: 0 = the normal one, 1 = the abnormal one, 1/2 where they are one.

    Args:
        embeddings: (..., E).
        normal, odd: (E,) centres of normal and of abnormal segments.

    >>> east, north = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    >>> relative_distance(torch.stack([east, (east + north) / 2, north]), north, east).round(decimals=3)
    tensor([1.0000, 0.5000, 0.0000])
    """
    from_normal = (embeddings - normal).square().sum(-1)
    from_odd = (embeddings - odd).square().sum(-1)
    return (from_normal + _TINY) / (from_normal + from_odd + 2 * _TINY)


def fused(scores: Tensor, guidance: Tensor, share: float) -> Tensor:
    """(...) two opinions in 0 .. 1 as one, by their log odds.

    A mean of the opinions themselves would lose the order of the many scores near 0 to small differences in guidance.

    Args:
        scores, guidance: (...) in 0 .. 1.
        share: what guidance counts for, 0 .. 1.

    >>> fused(torch.tensor([0.2, 0.9]), torch.tensor([0.8, 0.9]), 0.5).round(decimals=3)
    tensor([0.5000, 0.9000])
    """
    return ((1 - share) * scores.logit(_SURE) + share * guidance.logit(_SURE)).sigmoid()


def guided_loss(scores: Tensor, odd: Tensor, normal: Tensor) -> Tensor:
    """The mean cross entropy of scores and the labels that guidance gave their segments; other segments are left out.

    Args:
        scores: (B, T) in 0 .. 1.
        odd, normal: (B, T) which segments are taken for abnormal, and which for normal; never both.
    """
    members = odd | normal
    return (_entropy(scores, odd.float()) * members).sum() / members.sum().clamp(min=1)


def _entropy(scores: Tensor, target: Tensor) -> Tensor:
    """Cross entropy, in float32 whatever the caller computes in."""
    sure = scores.float().clamp(_SURE, 1 - _SURE)
    return -(target * sure.log() + (1 - target) * (1 - sure).log())
