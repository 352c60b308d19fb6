"""What clusters and scores together say of every training segment, once: the labels of the second stage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from oddframe.models.cbcg.bags import Bags
from oddframe.models.cbcg.learner import Method
from oddframe.models.cbcg.losses import fused, relative_distance, top_k
from oddframe.models.cbcg.network import WeakNet
from oddframe.types import IntArray

Taught = Callable[[IntArray], tuple[Tensor, Tensor]]
"""Bag numbers to (B, T) which of their segments are taken for odd, and (B, T) which for normal."""

_TOGETHER = 64


@torch.no_grad()
def guidance_of(net: WeakNet, bags: Bags, centres: Tensor, method: Method) -> Taught:
    """Judge all training segments by the settled network.

    All of a normal bag is normal. Of an abnormal bag that is taken for odd which is odder than the share `high` of all
    normal segments, and the `sure` oddest anyway; that for normal which is below the share `low` of them.

    Args:
        net: trained, in eval mode.
        bags: what it was trained on.
        centres: (2, E), see `centres_of`.
        method: how opinions are fused, and the limits.
    """
    opinions = torch.zeros((len(bags) * bags.crops, bags.segments))
    there, odd = torch.zeros_like(opinions, dtype=torch.bool), torch.zeros(len(opinions), dtype=torch.bool)
    for numbers in np.array_split(np.arange(len(opinions)), -(-len(opinions) // _TOGETHER)):
        segments, there[numbers], odd[numbers] = bags.load(numbers)
        logits, embeddings = net(segments)  # (B, T), (B, T, E)
        opinions[numbers] = fused(logits.sigmoid(), relative_distance(embeddings, *centres), method.fusion)
    ordinary, doubtful = there & ~odd[:, None], there & odd[:, None]
    low, high = np.quantile(opinions[ordinary].numpy(), [method.low, method.high])
    strange = doubtful & ((opinions > high) | top_k(opinions, doubtful, method.sure))
    normal = ordinary | (doubtful & (opinions < low) & ~strange)

    def taught(numbers: IntArray) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(numbers)
        return strange[rows], normal[rows]

    return taught
