"""Weak supervision as the training loop sees it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from oddframe.models.cbcg.losses import apart, bag_loss, compact, guided_loss, top_k
from oddframe.models.cbcg.memory import Centre, CentreMemory
from oddframe.models.cbcg.network import WeakNet
from oddframe.training.learner import Learner
from oddframe.training.processes import gathered


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
