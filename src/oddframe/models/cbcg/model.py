"""Model `cbcg`: what sets abnormal videos apart from normal ones, learned from one label per video."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import fields
from typing import ClassVar, Self

import torch
from torch import Tensor

from oddframe.errors import NotFitted, SettingsError
from oddframe.index.saving import stored_tensor
from oddframe.models.base import Model, ModelState, Regime, ScoringStream, inner, nest, restored_network
from oddframe.models.cbcg.bags import Bags, paired
from oddframe.models.cbcg.network import WeakNet, WeakNetSizes
from oddframe.models.cbcg.scoring import WeakScorer, WeakStream
from oddframe.models.cbcg.training import Method, WeakLearner, centres_of, guidance_of
from oddframe.models.crops import EachCrop, each_crop, one_crop
from oddframe.models.source import ObservationSource
from oddframe.models.standardise import Standardiser
from oddframe.training.batches import Batches
from oddframe.training.learner import History
from oddframe.training.loop import train
from oddframe.training.optimisation import Optimisation
from oddframe.types import IntArray, Observations, Run, Spec, VideoInfo

_MOST = 10.0  # of any value, in training deviations and more where entries are few


class CBCG(Model):
    """Cross-batch clustering guidance, reconstructed from its abstract alone: weak supervision by multiple instances.

    The abstract is that of "Weakly Supervised Video Anomaly Detection Based on Cross-Batch Clustering Guidance" (2022);
    docs/methods/cbcg.md has every equation and its source.

    A video is a bag of segments with one label. Scores of segments are learned from the highest of each bag (top-k
    MIL), together with clusters of normal and abnormal segments, for which earlier batches are remembered, and which
    guide the scores. With all three parts off it is plain MIL. One observation is one segment: use observers that give
    one observation per segment (`features`, `segments`, `snippet`). The score is within 0 .. 1, its parts are `mil` and
    `guidance`.

    Args:
        clustering, cross_batch, guidance: which parts are used; the latter two need the first.
        segments: most in a bag; longer videos are pooled to so many while training.
        k: the highest segments of a bag, which its label describes.
        look_back: earlier segments that a segment is seen with, >= 0.
        width, embedding: values of the encoder, and of the clustering branch.
        dropout: share of values left out while training.
        cluster_weight: of clusters, beside 1 for scores.
        margin: distance that centres are driven apart to, 0 .. 2.
        memory, fade: earlier batches that are remembered, and what one counts for after one more step, 0 .. 1.
        fusion: what the clusters' opinion counts for beside the score, 0 .. 1.
        sure, low, high: of an abnormal bag, guidance takes the `sure` highest segments for abnormal, and those above
            the share `high` of normal ones; it takes those below the share `low` of them for normal.
        guided_steps: those of the second stage, which learns what guidance says.
        steps, batch, learning_rate, weight_decay: of Adam, the rate falling along a cosine; a batch is half normal and
            half abnormal bags, and the last epoch is finished.
        seed: of initial values, orders and dropout.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "cbcg"
    regime: ClassVar[Regime] = Regime.WEAK
    ceiling: ClassVar[float] = 1.0

    def __init__(
        self,
        *,
        clustering: bool = True,
        cross_batch: bool = True,
        guidance: bool = True,
        segments: int = 64,
        k: int = 4,
        look_back: int = 1,
        width: int = 64,
        embedding: int = 32,
        dropout: float = 0.3,
        cluster_weight: float = 0.1,
        margin: float = 1.5,
        memory: int = 32,
        fade: float = 0.95,
        fusion: float = 0.25,
        sure: int = 2,
        low: float = 0.8,
        high: float = 0.98,
        steps: int = 400,
        guided_steps: int = 600,
        batch: int = 16,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        seed: int = 0,
    ) -> None:
        if (cross_batch or guidance) and not clustering:
            raise SettingsError("cross_batch and guidance stand on clusters; switch clustering on, or both off")
        if min(segments, k, width, embedding, memory, steps, guided_steps) < 1 or batch < 2 or look_back < 0:
            raise SettingsError("sizes, k and steps are at least 1, batch at least 2, look_back at least 0")
        if not all(0 <= share <= 1 for share in (fade, fusion, low, high)) or not (0 <= dropout < 1 and low <= high):
            raise SettingsError("fade, fusion, low and high are within 0 .. 1, low not above high, dropout below 1")
        if min(sure, cluster_weight, weight_decay) < 0 or learning_rate <= 0 or not 0 <= margin <= 2:
            raise SettingsError("weights are at least 0, learning_rate above 0, margin within 0 .. 2")
        self.clustering, self.cross_batch, self.guidance = clustering, cross_batch, guidance
        self.segments, self.k, self.look_back = segments, k, look_back
        self.width, self.embedding, self.dropout = width, embedding, dropout
        self.cluster_weight, self.margin, self.memory, self.fade = cluster_weight, margin, memory, fade
        self.fusion, self.sure, self.low, self.high = fusion, sure, low, high
        self.steps, self.guided_steps, self.batch = steps, guided_steps, batch
        self.learning_rate, self.weight_decay, self.seed = learning_rate, weight_decay, seed
        self._standardiser = Standardiser()
        self._net: WeakNet | None = None
        self._centres = torch.zeros((2, embedding))
        self._placed: tuple[str, WeakNet] | None = None
        self._history: tuple[History, ...] = ()

    @property
    def history(self) -> tuple[History, ...]:
        """The losses of the last training, by stage; not part of the state, so empty after `restore`."""
        return self._history

    def check(self, spec: Spec) -> None:
        self._standardiser.check_fitted(one_crop(spec)[1])

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self._forget()
        crops = EachCrop(data)
        standardiser = Standardiser().fit(crops, run)
        self._standardiser = standardiser

        def read(rows: IntArray) -> Tensor:
            held = {name: tensor.flatten(0, 1) for name, tensor in _in_crops(data, rows).items()}
            vectors = self._scaled(standardiser.vectors(held))
            return vectors.reshape(len(rows), crops.crops, -1)

        bags = Bags(data, read, crops.crops, self.segments)
        net = self._initial()
        learner = WeakLearner(net, self._method(), (self.memory, self.fade))
        first = self._learn(learner, bags, bags.load, self.steps, run.below("bags"))
        self._history, self._centres = (first,), centres_of(net.eval(), bags, self.k)
        if self.guidance:
            taught = guidance_of(net, bags, self._centres, learner.method)
            guided = self._learn(
                learner,
                bags,
                lambda numbers: (*bags.load(numbers), *taught(numbers)),
                self.guided_steps,
                run.below("guided"),
            )
            self._history, self._centres = (first, guided), centres_of(net.eval(), bags, self.k)
        self._net = net.eval()
        return self

    def _learn(
        self, learner: WeakLearner, bags: Bags, load: Callable[[IntArray], tuple[Tensor, ...]], steps: int, run: Run
    ) -> History:
        """One stage of so many steps, or a few more."""
        batches = Batches(paired(bags.odd, bags.crops, self.batch, self.seed), load)
        epochs = math.ceil(steps / len(batches.epoch(0)))
        optimisation = Optimisation(
            epochs, "adam", self.learning_rate, weight_decay=self.weight_decay, schedule="cosine"
        )
        return train(learner, batches, optimisation, seed=self.seed, run=run, stage="training on weak labels")

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        if self._placed is None or self._placed[0] != run.device:
            self._placed = run.device, copy.deepcopy(self._trained()).requires_grad_(False).to(run.device)
        centres = self._centres.to(run.device) if self.guidance else None
        return WeakStream(video, WeakScorer(self._placed[1], centres, self.fusion, self._vectors))

    def state(self) -> ModelState:
        net = {name: tensor.detach().clone().contiguous() for name, tensor in self._trained().state_dict().items()}
        centres = ModelState({"both": self._centres.clone()})
        return nest(standardise=self._standardiser.state(), net=ModelState(net), centres=centres)

    def restore(self, state: ModelState) -> Self:
        standardise, saved, centres = (inner(state, part) for part in ("standardise", "net", "centres"))
        self._forget()
        self._standardiser = Standardiser().restore(standardise)
        net = restored_network(self._initial, saved.tensors)
        self._centres = stored_tensor(centres.tensors, "both", torch.float32, 2, self.embedding)
        self._net = net
        return self

    def _forget(self) -> None:
        self._standardiser, self._net, self._placed, self._history = Standardiser(), None, None, ()

    def _initial(self) -> WeakNet:
        values = sum(self._standardiser.sizes().values())
        return WeakNet(WeakNetSizes(values, self.width, self.embedding, self.look_back, self.dropout), self.seed)

    def _method(self) -> Method:
        return Method(**{field.name: getattr(self, field.name) for field in fields(Method)})

    def _trained(self) -> WeakNet:
        if self._net is None:
            raise NotFitted(f"{self.name} is not fitted; train it on labelled videos first")
        return self._net

    def _vectors(self, observations: Observations) -> Tensor:
        """(N, crops, D) of N observations."""
        crops = each_crop(observations, self._standardiser.spec)
        vectors = self._scaled(self._standardiser.apply(crops))
        each = len(crops) // len(observations) if len(observations) else 1
        return vectors.reshape(len(observations), each, vectors.shape[1])

    def _scaled(self, vectors: Tensor) -> Tensor:
        """Values of about 1, whatever entries there are: what layers begin from."""
        length = self._standardiser.length()
        scale = math.sqrt(vectors.shape[1]) / length if length > 0 else 1.0
        return (vectors * scale).clamp(-_MOST, _MOST)


def _in_crops(data: ObservationSource, rows: IntArray) -> dict[str, Tensor]:
    """Entries (N, crops, ...) of these observations."""
    plain = one_crop(data.spec)[1] == data.spec
    return {name: held[:, None] if plain else held for name, held in data.take(rows).items()}
