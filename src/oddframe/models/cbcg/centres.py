"""Centres that guide scoring: those of the whole training set under the final network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from oddframe.models.cbcg.bags import Bags
from oddframe.models.cbcg.losses import top_k
from oddframe.models.cbcg.memory import Centre
from oddframe.models.cbcg.network import WeakNet

_TOGETHER = 64


@torch.no_grad()
def centres_of(net: WeakNet, bags: Bags, k: int) -> Tensor:
    """(2, E): the middle of all segments of normal bags, and of the k highest scored of each odd one.

    Args:
        net: trained, in eval mode.
        bags: what it was trained on; every crop takes part.
        k: segments of an odd bag.
    """
    sums = [torch.zeros(net.sizes.embedding), torch.zeros(net.sizes.embedding)]
    counts = [0.0, 0.0]
    for numbers in np.array_split(np.arange(len(bags) * bags.crops), -(-len(bags) * bags.crops // _TOGETHER)):
        segments, there, odd = bags.load(numbers)
        logits, embeddings = net(segments)
        members = there & ~odd[:, None], top_k(logits, there & odd[:, None], k)
        for kind, some in enumerate(members):
            centre = Centre.of(embeddings, some)
            sums[kind] += centre.mean * centre.count
            counts[kind] += float(centre.count)
    return torch.stack([total / max(count, 1.0) for total, count in zip(sums, counts, strict=True)])
