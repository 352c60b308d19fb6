"""Weak supervision as the training loop sees it.

What clusters and scores together say of every training segment, once: the labels of the second stage.

Centres that guide scoring: those of the whole training set under the final network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from oddframe.models.cbcg.bags import Bags
from oddframe.models.cbcg.losses import apart, bag_loss, compact, fused, guided_loss, relative_distance, top_k
from oddframe.models.cbcg.network import Centre, CentreMemory, WeakNet
from oddframe.training.devices import gathered
from oddframe.training.learner import Learner
from oddframe.types import IntArray


@dataclass(frozen=True, slots=True)
class Method:
    """Which parts take part, and what they count for; see `CBCG`."""

    k: int
    clustering: bool
    cross_batch: bool
    cluster_weight: float
    margin: float
    fusion: float
    sure: int
    low: float
    high: float


class WeakLearner(Learner):
    """The losses of a batch of bags, and the memory's update after each step.

    Args:
        net: what is trained.
        method: which parts take part.
        memory: places of each kind's memory, and how they fade.
    """

    def __init__(self, net: WeakNet, method: Method, memory: tuple[int, float]) -> None:
        super().__init__()
        self.net, self.method = net, method
        places, fade = memory
        self.normal, self.odd = (CentreMemory(places, net.sizes.embedding, fade) for _ in range(2))
        self._found: tuple[Centre, Centre] | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """Losses of vectors (B, T, D), of which (B, T) are there, of bags labelled (B,).

        In the second stage (B, T) segments that are taken for odd come with them, and (B, T) those taken for normal.
        """
        segments, there, odd, *taught = batch
        logits, embeddings = self.net(segments)  # (B, T), (B, T, E)
        scores, embeddings = logits.float().sigmoid(), embeddings.float()
        ordinary, doubtful = there & ~odd[:, None], there & odd[:, None]  # (B, T) of normal bags, and of odd ones
        strange = taught[0] if taught else top_k(scores, doubtful, self.method.k)
        told = {"guidance": guided_loss(scores, *taught)} if taught else {"mil": self._bags(scores, there, odd)}
        loss = sum(told.values(), scores.new_zeros(()))
        if not self.method.clustering:
            return {"loss": loss, **told}
        clustering = self._clustered(embeddings, ordinary, strange)
        return {"loss": loss + self.method.cluster_weight * clustering, **told, "clustering": clustering}

    @torch.no_grad()
    def after_step(self) -> None:
        """Remember the whole batch's centres, whichever process had its bags."""
        if self._found is not None and self.method.cross_batch:
            for memory, centre in zip((self.normal, self.odd), self._found, strict=True):
                memory.push(_of_all(centre))
        self._found = None

    def _bags(self, scores: Tensor, there: Tensor, odd: Tensor) -> Tensor:
        return bag_loss(scores, top_k(scores, there, self.method.k), odd)

    def _clustered(self, embeddings: Tensor, ordinary: Tensor, strange: Tensor) -> Tensor:
        """The loss of clustering (B, T, E): those of normal bags, and the likely ones of odd bags, (B, T) each."""
        normal, abnormal = Centre.of(embeddings, ordinary), Centre.of(embeddings, strange)
        self._found = normal, abnormal
        around, beyond = self._joined(normal, abnormal)
        near = (compact(embeddings, ordinary, around.mean) + compact(embeddings, strange, beyond.mean)) / 2
        far = (self._apart(normal, beyond) + self._apart(abnormal, around)) / 2
        return near + far

    def _joined(self, normal: Centre, odd: Centre) -> tuple[Centre, Centre]:
        if not self.method.cross_batch:
            return normal, odd
        return self.normal.join(normal), self.odd.join(odd)

    def _apart(self, one: Centre, other: Centre) -> Tensor:
        both = ((one.count > 0) & (other.count > 0)).float()
        return both * apart(one.mean, other.mean, self.method.margin)


def _of_all(centre: Centre) -> Centre:
    """The centre over all processes' segments."""
    means, counts = gathered(centre.mean[None]), gathered(centre.count[None].float())
    total = counts.sum()
    return Centre((means * counts[:, None]).sum(0) / total.clamp(min=1), total)


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


_ROWS_TOGETHER = 64


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
    for numbers in np.array_split(np.arange(len(bags) * bags.crops), -(-len(bags) * bags.crops // _ROWS_TOGETHER)):
        segments, there, odd = bags.load(numbers)
        logits, embeddings = net(segments)
        members = there & ~odd[:, None], top_k(logits, there & odd[:, None], k)
        for kind, some in enumerate(members):
            centre = Centre.of(embeddings, some)
            sums[kind] += centre.mean * centre.count
            counts[kind] += float(centre.count)
    return torch.stack([total / max(count, 1.0) for total, count in zip(sums, counts, strict=True)])
