"""Model `lgn`: how badly the next frame is predicted, and how far it is from all normal video."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Self

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from oddframe.errors import FitError, NotFitted, SettingsError, SpecError, StoreError
from oddframe.index.saving import stored_value
from oddframe.models.base import Model, ModelState, Regime, ScoringStream, restored_network
from oddframe.models.lgn.network import REDUCED, Branches, LGNNet, LGNNetSizes
from oddframe.models.lgn.scoring import LGNScorer, LGNStream, PartStandard, Watcher, weights
from oddframe.models.lgn.training import LGNLearner, plan
from oddframe.models.source import ObservationSource
from oddframe.training.batches import Batches
from oddframe.training.learner import History
from oddframe.training.loop import train
from oddframe.training.optimisation import Optimisation
from oddframe.types import Progress, Run, Spec, VideoInfo

MOST_LAYERS = 1024
"""Of layers, and of windows at once."""


class LGN(Model):
    """Local-global normality network (Zhao et al. 2023): predicts each frame, and remembers what normal ones are like.

    A local branch learns how the last frames evolve; a global branch describes their content by a few prototypes of the
    whole training set; the next frame is predicted from both. Parts are `psnr` of that prediction in dB (high is
    normal), and `distance`, the mean squared difference of the frame's queries to their nearest prototypes.

    The score is psnr_weight * (m - psnr) / s + (1 - psnr_weight) * (distance - m') / s', with means and standard
    deviations over normal training frames. The paper scales each part of a test video to 0 .. 1 by its own extremes
    instead, for which the whole video must be known: protocol `paper-lgn`, through `fusion`. Observations are the
    windows of the `sequence` observer, and each score has an error map. Defaults are the paper's.

    Args:
        width, hidden, layers, items, item_size, branches: of the network, see `LGNNetSizes`; sizes of frames come
            from the observer.
        psnr_weight: lambda, 0 .. 1: what the prediction counts for in the score, the distance having the rest.
        compactness, separateness: weights of the losses, >= 0.
        detached: whether the memory is read without gradient, as in the paper's program. The encoder of the global
            branch then learns nothing from predictions, and may put all queries near one item.
        epochs, batch, learning_rate: of Adam, the rate falling along a cosine.
        windows: of an epoch, drawn anew each time; None = all.
        sample: how many training windows means and deviations are taken from, at most.
        adapt: whether the memory also takes in test frames that are predicted well (paper, "test phase"), from
            each video's first frame on; the model itself stays as it is.
        gamma: of that: a frame is taken in where its gate is below this (see `gate`).
        grid: cells a side of the error maps, at most the frames' size.
        together: windows that the network sees at once. More are faster on a GPU, and wasted where frames come one
            by one.
        seed: of initial values, orders and draws.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "lgn"
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(
        self,
        *,
        width: int = 64,
        hidden: int = 128,
        layers: int = 4,
        items: int = 10,
        item_size: int = 512,
        branches: Branches = "both",
        psnr_weight: float = 0.6,
        compactness: float = 10.0,
        separateness: float = 5.0,
        detached: bool = True,
        epochs: int = 60,
        batch: int = 6,
        learning_rate: float = 2e-4,
        windows: int | None = None,
        sample: int = 512,
        adapt: bool = False,
        gamma: float = 0.009,
        grid: int = 64,
        together: int = 1,
        seed: int = 0,
    ) -> None:
        if branches not in ("both", "local", "global"):
            raise SettingsError(f"branches are both, local or global, not {branches!r}")
        if min(width, hidden, layers, item_size, epochs, sample, grid, together) < 1 or not 0 <= psnr_weight <= 1:
            raise SettingsError("sizes, epochs, sample, grid and together are at least 1, psnr_weight within 0 .. 1")
        if max(layers, together) > MOST_LAYERS:
            raise SettingsError(f"layers and together are at most {MOST_LAYERS}")
        if min(items, batch) < 2 or (windows is not None and windows < 2):
            raise SettingsError("items, batch and windows are at least 2: second nearest items, and batch norm")
        if min(compactness, separateness, gamma) < 0 or learning_rate <= 0:
            raise SettingsError("compactness, separateness and gamma are at least 0, learning_rate above 0")
        self.width, self.hidden, self.layers = width, hidden, layers
        self.items, self.item_size, self.branches = items, item_size, branches
        self.psnr_weight, self.compactness, self.separateness = psnr_weight, compactness, separateness
        self.detached = detached
        self.epochs, self.batch, self.learning_rate = epochs, batch, learning_rate
        self.windows, self.sample, self.adapt, self.gamma = windows, sample, adapt, gamma
        self.grid, self.together, self.seed = grid, together, seed
        self._net: LGNNet | None = None
        self._spec, self._standard = Spec({}), PartStandard({}, {})
        self._placed: tuple[str, LGNNet] | None = None
        self._history: History | None = None

    def check(self, spec: Spec) -> None:
        field = spec.fields.get("frames")
        if self._net is not None and spec != self._spec:
            raise SpecError(f"{self.name} was trained on {self._spec.to_json()}, not on {spec.to_json()}")
        if field is None or field.dtype != torch.uint8 or not _frames(field.shape):
            raise SpecError(
                f"{self.name} takes windows of frames, uint8 (2 or more, 1 or 3, S, S) with S a multiple of"
                f" {REDUCED}, not {spec.to_json()}; use the sequence observer"
            )

    @property
    def history(self) -> History | None:
        """The losses of the last training; not part of the state, so None after `restore`."""
        return self._history

    @property
    def fusion(self) -> Mapping[str, float]:
        """What each part counts for once all are on one scale; negative where a high value is normal."""
        return weights(self.branches, self.psnr_weight)

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self._forget()
        self.check(data.spec)
        if len(data) < 2:
            raise FitError(f"{self.name} needs at least two windows of normal video to train on; give more")
        net = self._initial(data.spec)
        settings = Optimisation(self.epochs, "adam", self.learning_rate, schedule="cosine")
        batches = Batches(
            plan(len(data), self.windows, self.batch, self.seed), lambda rows: (data.take(rows)["frames"],)
        )
        learner = LGNLearner(net, self.compactness, self.separateness)
        self._history = train(learner, batches, settings, seed=self.seed, run=run, stage="training LGN-Net")
        self._net, self._spec = net.eval(), data.spec
        self._standard = self._measured(data, run)
        return self

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        watcher = self._watcher(run, adapt=self.adapt)
        return LGNStream(video, watcher, watcher.net.items)

    def open_after(self, video: VideoInfo, previous: ScoringStream | None, run: Run = Run()) -> ScoringStream:
        """Start to score a video as the paper tests: with the memory as the video before left it, and still learning.

        Args:
            video: the video to score.
            previous: the closed stream of the video before; None for the first one.
            run: where to compute.

        Returns:
            A stream that takes the video's observations, whatever `adapt` is.
        """
        watcher = self._watcher(run, adapt=True)
        return LGNStream(video, watcher, previous.items if isinstance(previous, LGNStream) else watcher.net.items)

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications the network makes, which are the same for every window; see `Counted`."""
        net, field = self._trained(), self._spec.fields["frames"]
        smallest = torch.zeros((1, net.sizes.context, net.sizes.channels, REDUCED, REDUCED))
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(smallest)
        # Convolutions throughout: what is done grows with the area.
        one = int(counter.get_total_flops()) // 2
        return one * (field.shape[-1] // REDUCED) ** 2 * len(data)

    def state(self) -> ModelState:
        tensors = {name: tensor.detach().clone().contiguous() for name, tensor in self._trained().state_dict().items()}
        standard = {"mean": dict(self._standard.mean), "deviation": dict(self._standard.deviation)}
        return ModelState(tensors, {"spec": self._spec.to_json(), **standard})

    def restore(self, state: ModelState) -> Self:
        self._forget()
        try:
            spec = Spec.from_json(stored_value(state.meta, "spec", dict))
            mean, deviation = (_numbers(state.meta, name, self.fusion) for name in ("mean", "deviation"))
            standard = PartStandard(mean, deviation)
            self.check(spec)
        except (ValueError, SpecError) as error:
            raise StoreError(f"the saved state of {self.name} is damaged: {error}") from error
        net = restored_network(partial(self._initial, spec), state.tensors)
        self._net, self._spec, self._standard = net, spec, standard
        return self

    def _forget(self) -> None:
        self._net, self._spec, self._standard, self._placed = None, Spec({}), PartStandard({}, {}), None
        self._history = None

    def _initial(self, spec: Spec) -> LGNNet:
        length, channels = spec.fields["frames"].shape[:2]
        sizes = LGNNetSizes(
            channels=channels,
            context=length - 1,
            width=self.width,
            hidden=self.hidden,
            layers=self.layers,
            items=self.items,
            item_size=self.item_size,
            branches=self.branches,
        )
        return LGNNet(sizes, self.seed, detached=self.detached)

    def _trained(self) -> LGNNet:
        if self._net is None:
            raise NotFitted(f"{self.name} is not fitted; train it on normal video first")
        return self._net

    def _watcher(self, run: Run, *, adapt: bool) -> Watcher:
        """The network where it is to run, channels last: many times faster on some processors, slower on none."""
        if self._placed is None or self._placed[0] != run.device:
            net = copy.deepcopy(self._trained()).requires_grad_(False)
            self._placed = run.device, net.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        field = self._spec.fields["frames"]
        return Watcher(
            net=self._placed[1],
            field=field,
            together=self.together,
            grid=min(self.grid, field.shape[-1]),
            standard=self._standard,
            weights=self.fusion,
            gamma=self.gamma if adapt else None,
        )

    def _measured(self, data: ObservationSource, run: Run) -> PartStandard:
        """What parts are like on training windows, by the trained network."""
        watcher = self._watcher(run, adapt=False)
        judge = LGNScorer(watcher, watcher.net.items)
        rows = np.random.default_rng(self.seed).permutation(len(data))[: self.sample]
        with torch.no_grad():
            for done, row in enumerate(np.sort(rows)):
                run.progress(Progress("measuring normal frames", done, len(rows), "windows"))
                judge.batch(data.take(row[None])["frames"], slice(0, 1))
        return PartStandard.of(judge.rows().parts)


def _frames(shape: tuple[int, ...]) -> bool:
    if len(shape) != 4:
        return False
    length, channels, height, width = shape
    return length >= 2 and channels in (1, 3) and height == width and height % REDUCED == 0 and height > 0


def _numbers(meta: Mapping[str, object], name: str, parts: Mapping[str, float]) -> dict[str, float]:
    """The saved numbers of just these parts."""
    held = stored_value(meta, name, dict)
    if held.keys() != parts.keys() or not all(isinstance(value, float) for value in held.values()):
        raise StoreError(f"the saved state's {name} should hold {', '.join(parts)}; restore it with its own settings")
    return held
