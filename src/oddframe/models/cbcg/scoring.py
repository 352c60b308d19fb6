"""Scoring with CBCG: each segment with the few before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from oddframe.index.slots import slots
from oddframe.models.base import ScoringStream
from oddframe.models.cbcg.losses import fused, relative_distance
from oddframe.models.cbcg.network import WeakNet
from oddframe.types import FloatArray, Observations, Scored, VideoInfo

TOGETHER = 8
"""Segments that the network sees at once."""


@dataclass(frozen=True, slots=True, eq=False)
class WeakScorer:
    """All that scoring needs: the network, the centres and how to fuse them.

    Args:
        net: in eval mode, on the device where it is to run.
        centres: (2, E) of normal and of abnormal segments; None = no guidance.
        fusion: what guidance counts for in the score, 0 .. 1.
        vectors: turns observations into (N, crops, D) vectors.
    """

    net: WeakNet
    centres: Tensor | None
    fusion: float
    vectors: Callable[[Observations], Tensor]

    def parts(self, windows: Tensor) -> dict[str, Tensor]:
        """Score windows.

        Args:
            windows: (N, crops, look_back + 1, W) encoded segments.

        Returns:
            "score" and each part by name, (N,) each; parts are means over crops.
        """
        logits, embeddings = self.net.judged(windows)  # (N, crops), (N, crops, E)
        mil = logits.sigmoid().mean(1)
        if self.centres is None:
            return {"score": mil, "mil": mil}
        guidance = relative_distance(embeddings, *self.centres).mean(1)
        return {"score": fused(mil, guidance, self.fusion), "mil": mil, "guidance": guidance}


class WeakStream(ScoringStream):
    """Scores segments as they come, and stores no more of the past than the network looks back.

    Args:
        video: the video that is scored.
        judge: the network and how to use it.
    """

    def __init__(self, video: VideoInfo, judge: WeakScorer) -> None:
        self._video, self._judge = video, judge
        self._rows = self._through = 0
        self._past: Tensor | None = None  # (look_back, crops, W)

    def push(self, observations: Observations) -> Scored:
        vectors = self._judge.vectors(observations)  # (N, crops, D)
        parts = self._judged(vectors)
        self._rows += len(observations)
        self._through = max(self._through, observations.through)
        return Scored(observations.columns(), parts.pop("score"), parts)

    def close(self) -> Scored:
        nothing = Observations.none(self._video.id, through=self._through)
        parts = self._judged(torch.zeros((0, 1, self._judge.net.sizes.values)))
        return Scored(nothing, parts.pop("score"), parts)

    @torch.no_grad()
    def _judged(self, vectors: Tensor) -> dict[str, FloatArray]:
        found: dict[str, list[Tensor]] = {name: [] for name in self._names()}
        for slot in slots(len(vectors), self._rows, TOGETHER):
            batch = torch.zeros((TOGETHER, *vectors.shape[1:]))
            batch[slot.places] = vectors[slot.rows]
            for name, part in self._batch(batch, slot.places).items():
                found[name].append(part)
        none = torch.zeros(0)
        return {name: torch.cat([none, *parts]).numpy() for name, parts in found.items()}

    def _batch(self, batch: Tensor, places: slice) -> dict[str, Tensor]:
        """What is said of the segments in these places of (TOGETHER, crops, D)."""
        net = self._judge.net
        seen = net.seen(batch.to(net.project.weight.device))  # (TOGETHER, crops, W)
        past = seen.new_zeros((net.sizes.look_back, *seen.shape[1:])) if self._past is None else self._past
        known = torch.cat([past, seen[places]])  # (look_back + n, crops, W)
        self._past = known[len(known) - len(past) :]
        windows = seen.new_zeros((TOGETHER, seen.shape[1], net.sizes.look_back + 1, seen.shape[2]))
        windows[places] = known.unfold(0, net.sizes.look_back + 1, 1).transpose(2, 3)  # (n, crops, look_back + 1, W)
        return {name: part[places].float().cpu() for name, part in self._judge.parts(windows).items()}

    def _names(self) -> list[str]:
        return ["score", "mil"] if self._judge.centres is None else ["score", "mil", "guidance"]
