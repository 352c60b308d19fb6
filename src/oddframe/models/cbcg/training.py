"""Training CBCG: the losses of a batch of bags, the labels of the second stage, and the centres that guide scoring."""

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

Taught = Callable[[IntArray], tuple[Tensor, Tensor]]
"""Bag numbers to (B, T) which of their segments are taken for odd, and (B, T) which for normal."""

_TOGETHER = 64  # bags that the trained network sees at once


@dataclass(frozen=True, slots=True)
class Method:
    """Which parts are used, and what they count for; see `CBCG`."""

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
        net: the network to train.
        method: which parts are used.
        memory: places of each kind's memory, and how they fade.
    """

    def __init__(self, net: WeakNet, method: Method, memory: tuple[int, float]) -> None:
        super().__init__()
        self.net, self.method = net, method
        places, fade = memory
        self.normal, self.odd = (CentreMemory(places, net.sizes.embedding, fade) for _ in range(2))
        self._found: tuple[Centre, Centre] | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """The losses of a batch of bags.

        Args:
            batch: vectors (B, T, D); which of them exist, (B, T); labels (B,), true where abnormal. In the second stage
                also which segments are taken for abnormal, (B, T), and which for normal, (B, T).
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


@torch.no_grad()
def guidance_of(net: WeakNet, bags: Bags, centres: Tensor, method: Method) -> Taught:
    """Label all training segments once, with the trained network.

    Every segment of a normal bag is normal. Of an abnormal bag, segments above the share `high` of all normal segments
    are abnormal, and the `sure` highest in any case; those below the share `low` are normal.

    Args:
        net: trained, in eval mode.
        bags: what it was trained on.
        centres: (2, E), see `centres_of`.
        method: how opinions are fused, and the limits.

    Returns:
        A function from bag numbers to the labels of their segments.
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


@torch.no_grad()
def centres_of(net: WeakNet, bags: Bags, k: int) -> Tensor:
    """(2, E) centres under the trained network: of normal bags' segments, and of the k highest of each abnormal bag.

    Args:
        net: trained, in eval mode.
        bags: what it was trained on; every crop is used.
        k: segments of an abnormal bag.
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
