"""Weak supervision as the training loop sees it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from oddframe.models.cbcg.losses import apart, bag_loss, compact, fused, guided_loss, relative_distance, top_k
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
    guidance: bool
    cluster_weight: float
    guide_weight: float
    margin: float
    fusion: float


class WeakLearner(Learner):
    """The losses of a batch of bags, and the memory's update after each step.

    Args:
        net: what is trained.
        method: which parts take part.
        memory: places of each kind's memory, and how they fade.
        warm_up: steps after which guidance counts in full.
    """

    steps: Tensor

    def __init__(self, net: WeakNet, method: Method, memory: tuple[int, float], warm_up: int) -> None:
        super().__init__()
        self.net, self.method, self.warm_up = net, method, warm_up
        places, fade = memory
        self.normal, self.odd = (CentreMemory(places, net.sizes.embedding, fade) for _ in range(2))
        self.register_buffer("steps", torch.zeros(()))
        self._found: tuple[Centre, Centre] | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """Losses of vectors (B, T, D), of which (B, T) are there, of bags labelled (B,)."""
        segments, there, odd = batch
        logits, embeddings = self.net(segments)  # (B, T), (B, T, E)
        scores, embeddings = logits.float().sigmoid(), embeddings.float()
        mil = bag_loss(scores, top_k(scores, there, self.method.k), odd)
        if not self.method.clustering:
            return {"loss": mil, "mil": mil}
        clustering, guidance = self._clustered(scores, embeddings, there, odd)
        loss = mil + self.method.cluster_weight * clustering
        if not self.method.guidance:
            return {"loss": loss, "mil": mil, "clustering": clustering}
        loss = loss + self.method.guide_weight * self._warmth() * guidance
        return {"loss": loss, "mil": mil, "clustering": clustering, "guidance": guidance}

    @torch.no_grad()
    def after_step(self) -> None:
        """Remember the whole batch's centres, whichever process had its bags."""
        self.steps.add_(1)
        if self._found is not None and self.method.cross_batch:
            for memory, centre in zip((self.normal, self.odd), self._found, strict=True):
                memory.push(_of_all(centre))
        self._found = None

    def _clustered(self, scores: Tensor, embeddings: Tensor, there: Tensor, odd: Tensor) -> tuple[Tensor, Tensor]:
        """The losses of clustering and of guidance."""
        ordinary, doubtful = there & ~odd[:, None], there & odd[:, None]  # (B, T) all of normal bags, and of odd ones
        strange = self._strange(scores, embeddings, ordinary, doubtful)  # (B, T) of odd bags, the likely ones
        normal, abnormal = Centre.of(embeddings, ordinary), Centre.of(embeddings, strange)
        self._found = normal, abnormal
        around, beyond = self._joined(normal, abnormal)
        near = (compact(embeddings, ordinary, around.mean) + compact(embeddings, strange, beyond.mean)) / 2
        far = (self._apart(normal, beyond) + self._apart(abnormal, around)) / 2
        told = relative_distance(embeddings, around.mean, beyond.mean)  # (B, T)
        return near + far, guided_loss(scores, told, doubtful)

    def _strange(self, scores: Tensor, embeddings: Tensor, ordinary: Tensor, doubtful: Tensor) -> Tensor:
        """(B, T) each odd bag's k highest scores, where there is guidance fused with what their clusters say."""
        chosen = top_k(scores, doubtful, self.method.k)
        share = self.method.fusion * self._warmth() if self.method.guidance else 0.0
        if not share:
            return chosen
        normal, odd = self._joined(Centre.of(embeddings, ordinary), Centre.of(embeddings, chosen))
        told = relative_distance(embeddings, normal.mean, odd.mean)
        return top_k(fused(scores, told, share), doubtful, self.method.k)

    def _joined(self, normal: Centre, odd: Centre) -> tuple[Centre, Centre]:
        if not self.method.cross_batch:
            return normal, odd
        return self.normal.join(normal), self.odd.join(odd)

    def _apart(self, one: Centre, other: Centre) -> Tensor:
        both = ((one.count > 0) & (other.count > 0)).float()
        return both * apart(one.mean, other.mean, self.method.margin)

    def _warmth(self) -> float:
        """How much guidance counts by now, 0 .. 1."""
        return min(1.0, float(self.steps) / max(self.warm_up, 1))


def _of_all(centre: Centre) -> Centre:
    """The centre over all processes' segments."""
    means, counts = gathered(centre.mean[None]), gathered(centre.count[None].float())
    total = counts.sum()
    return Centre((means * counts[:, None]).sum(0) / total.clamp(min=1), total)
