"""Model `lbr-spr`: what cannot be reconstructed is anomalous; learned from unlabelled video."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Self, get_args

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from oddframe.errors import FitError, NotFitted, SettingsError, SpecError, StoreError
from oddframe.index.saving import stored_value
from oddframe.models.base import Model, ModelState, Regime, ScoringStream, inner, nest, restored_network
from oddframe.models.lbr_spr.network import LBRNet, LBRNetSizes, rows_of_bands
from oddframe.models.lbr_spr.refinement import Mode, Refined
from oddframe.models.lbr_spr.scoring import ErrorStandard, LBRScorer, LBRStream, errors_of, fusion_weights
from oddframe.models.lbr_spr.training import LBRLearner, RefinementPlan, flow_scale, misfit, stacked
from oddframe.models.source import ObservationSource
from oddframe.models.standardise import RunningMoments
from oddframe.training.batches import Batches, shuffled
from oddframe.training.learner import History
from oddframe.training.loop import train
from oddframe.training.optimisation import Optimisation
from oddframe.types import IntArray, Progress, Run, Spec, VideoInfo

MOST_POOLINGS = 12
"""A cube of 4096 pixels and more is no cube."""


class LBRSPR(Model):
    """Localization-based reconstruction with self-paced refinement (Yu et al. 2022): reconstructs what it sees of each
    thing, and leaves out of its training what it reconstructs badly.

    Video needs no labels: most of it is normal, so a network that learns to reconstruct cubes learns normal ones first
    and best. Refinement then gives cubes with large errors less and less weight, and abnormal ones are among them. A
    twin network predicts a cube's optical flow from its appearance. Parts are `appearance` and `motion`, the squared
    errors of both, in deviations above the mean of training cubes; the score is the first alone, or their weighted sum.
    Use the `cubes` observer. Defaults are the paper's, without motion.

    Args:
        width, poolings: of the networks, see `AutoEncoder`; a cube's sizes come from the observer.
        motion: whether to train the twin network; the observer must then give flow.
        refinement: how weights follow errors, see `weights`; "none" is LBR alone.
        shrink: deviations by which the upper threshold falls in a step; the paper's 0.0001 on Avenue and Ped1.
        warm_up: first epochs, without refinement.
        appearance_weight, motion_weight: of the parts in the score, where there are both; the paper's motion weight on
            ShanghaiTech is 0.1.
        bands: horizontal ones of the picture, with a network each (the paper's four on Ped1).
        epochs, batch, learning_rate: of Adam.
        least_steps: where `epochs` make fewer steps than this, there are more epochs, and as much more warm-up.
        together: cubes that a network sees at once while scoring. More are faster on a GPU, and wasted where a frame
            has few.
        seed: of initial values and orders.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "lbr-spr"
    regime: ClassVar[Regime] = Regime.UNSUPERVISED

    def __init__(
        self,
        *,
        width: int = 32,
        poolings: int = 3,
        motion: bool = False,
        refinement: Mode = "mixture",
        shrink: float = 0.005,
        warm_up: int = 5,
        appearance_weight: float = 0.5,
        motion_weight: float = 1.0,
        bands: int = 1,
        epochs: int = 30,
        batch: int = 256,
        learning_rate: float = 1e-3,
        least_steps: int = 0,
        together: int = 8,
        seed: int = 0,
    ) -> None:
        if refinement not in get_args(Mode):
            raise SettingsError(f"refinement is one of {', '.join(get_args(Mode))}, not {refinement!r}")
        if poolings > MOST_POOLINGS:
            raise SettingsError(f"poolings is at most {MOST_POOLINGS}, not {poolings}")
        if min(width, poolings, bands, epochs, together) < 1 or batch < 2:
            raise SettingsError("sizes, bands, epochs and together are at least 1, batch at least 2")
        if min(shrink, warm_up, appearance_weight, motion_weight, least_steps) < 0 or learning_rate <= 0:
            raise SettingsError("shrink, warm_up, weights and least_steps are at least 0, learning_rate above 0")
        self.width, self.poolings, self.motion = width, poolings, motion
        self.refinement, self.shrink, self.warm_up = refinement, shrink, warm_up
        self.appearance_weight, self.motion_weight, self.bands = appearance_weight, motion_weight, bands
        self.epochs, self.batch, self.learning_rate = epochs, batch, learning_rate
        self.least_steps, self.together, self.seed = least_steps, together, seed
        self._nets: dict[int, LBRNet] = {}
        self._standards: dict[int, ErrorStandard] = {}
        self._refined: dict[int, Refined] = {}
        self._placed: tuple[str, dict[int, LBRNet]] | None = None
        self._spec = Spec({})

    def check(self, spec: Spec) -> None:
        if self._standards and spec != self._spec:
            raise SpecError(f"{self.name} was trained on {self._spec.to_json()}, not on {spec.to_json()}")
        if why := misfit(spec, self.poolings, motion=self.motion):
            raise SpecError(f"{self.name}: {why}, not {spec.to_json()}; use the cubes observer")

    @property
    def refined(self) -> Mapping[int, Refined]:
        """What the last training was like, by band; not part of the state, so empty after `restore`."""
        return self._refined

    @property
    def history(self) -> History | None:
        """The losses of the last training, of the uppermost band where there are several; None after `restore`."""
        return next((refined.history for refined in self._refined.values()), None)

    @property
    def fusion(self) -> Mapping[str, float]:
        """What each part counts for in the score."""
        return fusion_weights(self.appearance_weight, self.motion_weight if self.motion else None)

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self._forget()
        self.check(data.spec)
        rows = {band: mine for band, mine in enumerate(rows_of_bands(data, self.bands)) if len(mine) > 1}
        if not rows:
            raise FitError(f"{self.name} needs at least two cubes to train on; give more video")
        nets = {band: self._new(data, mine, band) for band, mine in rows.items()}
        refined = {band: self._learn(nets[band], data, mine, band, run) for band, mine in rows.items()}
        self._nets, self._spec = nets, data.spec
        placed = self._on(run.device)
        standards = {band: self._measured(placed[band], data, mine, run) for band, mine in rows.items()}
        self._standards, self._refined = standards, refined
        return self

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        self._trained()
        nets = self._on(run.device)
        return LBRStream(video, LBRScorer(nets, self._standards, self.bands, self.together, self.fusion, self._spec))

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications the networks make, which are the same for every cube; see `Counted`."""
        net, side = self._trained(), self._spec.fields["appearance"].shape[-1]
        inputs = net.sizes.frames * net.sizes.channels
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.zeros((1, inputs, side, side)), torch.zeros((1, 2 * net.sizes.frames, side, side)))
        return int(counter.get_total_flops()) // 2 * len(data)

    def state(self) -> ModelState:
        self._trained()
        parts = {}
        for band, net in self._nets.items():
            held = {name: tensor.detach().clone().contiguous() for name, tensor in net.state_dict().items()}
            parts[f"band{band}"] = ModelState({**held, **self._standards[band].state()})
        return nest(**parts, data=ModelState(meta={"spec": self._spec.to_json(), "trained": list(self._nets)}))

    def restore(self, state: ModelState) -> Self:
        self._forget()
        meta = inner(state, "data").meta
        try:
            spec = Spec.from_json(stored_value(meta, "spec", dict))
            self.check(spec)
        except (ValueError, SpecError) as error:
            raise StoreError(f"the saved state of {self.name} is damaged: {error}") from error
        trained = stored_value(meta, "trained", list)
        if not trained or not all(band in range(self.bands) for band in trained):
            raise StoreError(f"the saved state of {self.name} is of bands {trained}; restore it with its own settings")
        saved = {band: inner(state, f"band{band}").tensors for band in trained}
        nets = {band: self._restored(spec, held) for band, held in saved.items()}
        standards = {band: ErrorStandard.restored(held, len(self.fusion)) for band, held in saved.items()}
        self._nets, self._standards, self._spec = nets, standards, spec
        return self

    def _forget(self) -> None:
        self._nets, self._standards, self._refined, self._placed, self._spec = {}, {}, {}, None, Spec({})

    def _new(self, data: ObservationSource, rows: IntArray, band: int) -> LBRNet:
        scale = flow_scale(data, rows, self.seed) if self.motion else 1.0
        return self._initial(data.spec, scale, self.seed + band)

    def _initial(self, spec: Spec, scale: float, seed: int) -> LBRNet:
        frames, channels = spec.fields["appearance"].shape[:2]
        return LBRNet(LBRNetSizes(frames, channels, self.width, self.poolings, self.motion), scale, seed)

    def _restored(self, spec: Spec, held: Mapping[str, Tensor]) -> LBRNet:
        return restored_network(partial(self._initial, spec, 1.0, self.seed), held)

    def _learn(self, net: LBRNet, data: ObservationSource, rows: IntArray, band: int, run: Run) -> Refined:
        """Train one network on its rows."""

        def load(places: IntArray) -> tuple[Tensor, ...]:
            return torch.from_numpy(places), *stacked(data.take(rows[places]), motion=self.motion)

        batches = Batches(shuffled(len(rows), self.batch, self.seed), load)
        course = self._course(len(batches.epoch(0)))
        learner = LBRLearner(net, course, len(rows))
        optimisation = Optimisation(course.epochs, "adam", self.learning_rate)
        stage = "training LBR-SPR" + (f" on band {band + 1} of {self.bands}" if self.bands > 1 else "")
        own = run if self.bands == 1 else run.below(f"band{band}")
        history = train(learner, batches, optimisation, seed=self.seed, run=own, stage=stage)
        return Refined(rows, learner.weights.numpy(), history)

    def _course(self, steps: int) -> RefinementPlan:
        """With so many steps in an epoch."""
        epochs = max(self.epochs, math.ceil(self.least_steps / steps))
        return RefinementPlan(self.refinement, self.shrink, round(self.warm_up * epochs / self.epochs), epochs, steps)

    def _trained(self) -> LBRNet:
        if not self._standards:
            raise NotFitted(f"{self.name} is not fitted; train it on video first, which needs no labels")
        return next(iter(self._nets.values()))

    def _on(self, device: str) -> dict[int, LBRNet]:
        """The networks where they are to run, channels last: faster on most processors, slower on none."""
        if self._placed is None or self._placed[0] != device:
            copies = {band: copy.deepcopy(net).requires_grad_(False) for band, net in self._nets.items()}
            for net in copies.values():
                net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._placed = device, copies
        return self._placed[1]

    def _measured(self, net: LBRNet, data: ObservationSource, rows: IntArray, run: Run) -> ErrorStandard:
        """What errors of all training cubes are like, by the trained network."""
        moments = RunningMoments(len(self.fusion))
        for start in range(0, len(rows), self.batch):
            run.progress(Progress("measuring errors", start, len(rows), "cubes"))
            part = rows[start : start + self.batch]
            moments.add(errors_of(net, stacked(data.take(part), motion=self.motion), 0, self.together))
        return ErrorStandard.of(moments)
