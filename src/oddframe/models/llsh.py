"""Model `llsh`: the distance to the normal observations with similar codes, by learned hash functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from torch import Tensor

from oddframe.errors import SettingsError, SpecError
from oddframe.models.crops import one_crop
from oddframe.models.lsh import LSH, HashNet
from oddframe.models.source import ObservationSource
from oddframe.training.batches import Batches
from oddframe.training.contrastive import MomentumContrast
from oddframe.training.loop import Optimisation, train
from oddframe.types import IntArray, Observations, Run, Spec


class LLSH(LSH):
    """Learnable locality-sensitive hashing (Lu, Cao and Zhang 2022): `LSH` whose functions are trained.

    Momentum contrast pulls the codes of nearby moments of a video together (see `draw_pairs`), and pushes them away
    from those of other moments. One epoch draws `draws` anchors from each video; the drawn pairs of all epochs are cut
    into batches. Defaults are the paper's for its small set (Avenue); its large sets used queue 8192 and batch 256.
    Tables, query and score are those of `LSH`.

    Args:
        tables, bits, summary, probe, standardise, lift, weights, seed: see `LSH`; the seed is that of training too.
        offset: frames, >= 1: how far apart the two observations of a pair may be.
        epochs, draws, batch: see above.
        positive_crops: chances of the crops, in their order, that the positive comes from, in any unit (paper's
            program: .1 .4 .4); None = equal. The anchor comes from any crop.
        queue, temperature, key_momentum: of the contrast (paper: l, tau, m).
        learning_rate, momentum, weight_decay: of the stochastic gradient descent.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "llsh"

    def __init__(
        self,
        *,
        tables: int = 8,
        bits: int = 32,
        summary: str = "nearest",
        probe: int = 4,
        standardise: bool = True,
        lift: float = 4.0,
        weights: Mapping[str, float] | None = None,
        offset: int = 150,
        epochs: int = 60,
        draws: int = 1,
        batch: int = 32,
        positive_crops: tuple[float, ...] | None = None,
        queue: int = 2048,
        temperature: float = 0.2,
        key_momentum: float = 0.999,
        learning_rate: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        seed: int = 0,
    ) -> None:
        super().__init__(
            tables=tables,
            bits=bits,
            summary=summary,
            probe=probe,
            standardise=standardise,
            lift=lift,
            weights=weights,
            seed=seed,
        )
        if min(offset, epochs, draws, batch, queue) < 1:
            raise SettingsError("offset, epochs, draws, batch and queue are at least 1")
        if temperature <= 0 or learning_rate <= 0 or not 0 <= key_momentum <= 1 or momentum < 0 or weight_decay < 0:
            raise SettingsError("temperature and learning_rate are above 0, momenta and weight_decay at least 0")
        if positive_crops is not None and not (min(positive_crops, default=-1) >= 0 and sum(positive_crops) > 0):
            raise SettingsError(f"positive_crops are chances, some of them above 0, not {positive_crops}")
        self.offset, self.epochs, self.draws, self.batch = offset, epochs, draws, batch
        self.positive_crops = positive_crops
        self.queue, self.temperature, self.key_momentum = queue, temperature, key_momentum
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay

    def check(self, spec: Spec) -> None:
        super().check(spec)
        crops = one_crop(spec)[0]
        if self.positive_crops is not None and len(self.positive_crops) != crops:
            raise SpecError(f"positive_crops has {len(self.positive_crops)} chances, but observations {crops} crops")

    def _learn(self, net: HashNet, data: ObservationSource, run: Run) -> None:
        columns = [data.columns(info.id) for info in data.videos()]
        random = np.random.default_rng(self.seed)
        epochs = [draw_pairs(columns, self.draws, self.offset, random, self.positive_crops) for _ in range(self.epochs)]
        anchors, positives = (np.concatenate(side) for side in zip(*epochs, strict=True))
        learner = MomentumContrast(
            net,
            size=self.tables * self.bits,
            queue=self.queue,
            temperature=self.temperature,
            key_momentum=self.key_momentum,
            seed=self.seed,
        )
        optimisation = Optimisation(
            epochs=1,  # all the drawn epochs are cut into batches as one
            optimiser="sgd",
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )
        numbers = np.arange(len(anchors))
        plan = [numbers[start : start + self.batch] for start in range(0, len(anchors), self.batch)]

        def load(rows: IntArray) -> tuple[Tensor, Tensor]:
            return self._standardised(data, anchors[rows]), self._standardised(data, positives[rows])

        batches = Batches(lambda _: plan, load)
        train(learner, batches, optimisation, seed=self.seed, run=run, stage="training the hash functions")

    def _standardised(self, data: ObservationSource, rows: IntArray) -> Tensor:
        return self._standardiser.vectors(data.take(rows))


def draw_pairs(
    columns: Sequence[Observations],
    draws: int,
    offset: int,
    random: np.random.Generator,
    crops: Sequence[float] | None = None,
) -> tuple[IntArray, IntArray]:
    """Draw training pairs: `draws` anchors from each video that has observations, each with a positive; shuffled.

    An anchor is any observation of its video. Its positive is about a frame at a uniformly drawn offset of up to
    `offset` frames either way: of the anchor's own track, where it is tracked and the track has another observation
    within reach, the one whose frame is nearest to the drawn one; else any observation of the video's frame that is
    nearest to it, with the chances of its crops where they are given.

    Args:
        columns: each video's observations, in the order that numbers them.
        draws: anchors per video.
        offset: frames, >= 0.
        random: where the draws come from.
        crops: the chances of each of the crops, which take turns as a video's observations, to be a positive; in any
            unit.

    Returns:
        (P,) numbers of the anchors, and (P,) numbers of their positives.
    """
    anchors, positives, start = [], [], 0
    for video in columns:
        if len(video):
            chosen = random.integers(len(video), size=draws)
            shifts = random.integers(-offset, offset, size=draws, endpoint=True)
            anchors.append(chosen + start)
            reach = [_candidates(video, int(r), int(s), offset) for r, s in zip(chosen, shifts, strict=True)]
            found = [_drawn(candidates, random, crops) for candidates in reach]
            positives.append(np.array(found, np.int64) + start)
        start += len(video)
    order = random.permutation(draws * len(anchors))
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *anchors])[order], np.concatenate([nothing, *positives])[order]


def _candidates(video: Observations, row: int, shift: int, offset: int) -> IntArray:
    """The numbers, within the video, of what may be the positive of observation `row`: all about one frame."""
    frame, wanted = int(video.frame[row]), int(video.frame[row]) + shift
    if video.track is not None:
        reach = slice(*np.searchsorted(video.frame, [frame - offset, frame + offset + 1]).tolist())
        own: IntArray = np.flatnonzero(video.track[reach] == video.track[row]) + reach.start
        own = own[video.frame[own] != frame]
        if len(own):
            nearest = own[np.argmin(np.abs(video.frame[own] - wanted))]
            there: IntArray = own[video.frame[own] == video.frame[nearest]]
            return there
    after = min(int(np.searchsorted(video.frame, wanted)), len(video) - 1)
    before = max(after - 1, 0)
    nearer = before if abs(int(video.frame[before]) - wanted) <= abs(int(video.frame[after]) - wanted) else after
    first, end = np.searchsorted(video.frame, [video.frame[nearer], video.frame[nearer] + 1])
    return np.arange(first, end)


def _drawn(candidates: IntArray, random: np.random.Generator, crops: Sequence[float] | None) -> int:
    if crops is None:
        return int(candidates[random.integers(len(candidates))])
    chances = np.resize(np.asarray(crops, np.float64), len(candidates))  # an observation's crops are never cut apart
    return int(random.choice(candidates, p=chances / chances.sum()))
