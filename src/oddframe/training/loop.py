"""The one training loop: its steps, how it is stopped, and its log for TensorBoard."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from oddframe.errors import FitError, Interrupted, SettingsError, StoreError
from oddframe.files import storing
from oddframe.training.batches import Batches
from oddframe.training.checkpoint import Checkpoints, Keeper, identity_of
from oddframe.training.devices import Machine, begin_step, home, machine, own_random, synchronised
from oddframe.training.learner import History, Learner, TrainingState
from oddframe.training.optimisation import Optimisation
from oddframe.types import IntArray, Progress, Run

__all__ = ["History", "Optimisation", "train"]

WHY = ("", "stopped by Ctrl-C", "its time is up")
"""Reasons to stop, by their number."""


def train(
    learner: Learner,
    batches: Batches,
    optimisation: Optimisation,
    *,
    seed: int,
    run: Run = Run(),
    stage: str = "training",
) -> History:
    """Train a learner in place; afterwards it is on the CPU and in eval mode.

    Where `run.checkpoints` holds the checkpoint of the same training, the training goes on from there, and on a CPU its
    result is the same to the bit as without the interruption.

    Args:
        learner: the module to train.
        batches: which rows at which step, and their tensors.
        optimisation: the optimiser, its settings, and for how long.
        seed: of random numbers that the learner draws (dropout); the order of rows is up to `batches`.
        run: where and how to compute, and whom to tell; a model that trains twice gives each training its own folders.
        stage: the name of this training in progress reports.

    Returns:
        The losses of every step.

    Raises:
        FitError: a loss is not finite; the message says when. The last checkpoint stays.
        Interrupted: Ctrl-C or `run.time_limit`; the message says how to go on.
        StoreError: the folder for checkpoints holds another training, or cannot be written.
        SettingsError: the run asks for what is not here, or a batch has fewer rows than there are processes.
    """
    try:
        with ExitStack() as stack:
            here = stack.enter_context(machine(run))
            stack.enter_context(own_random(here.device))
            here.settle(learner.train())
            optimiser = optimisation.over([p for p in learner.parameters() if p.requires_grad])
            identity = identity_of(learner, batches, optimisation, seed) if run.checkpoints else {}
            keeper, course = _kept(learner, optimiser, identity, run, here)
            if here.device.type == "cuda" and here.processes > 1:
                stack.enter_context(synchronised(learner))
            loop = _Loop(
                stepper=Stepper(learner, optimiser, optimisation, here, run.compile),
                batches=batches,
                epochs=optimisation.epochs,
                seed=seed,
                run=run,
                stage=stage,
                machine=here,
                keeper=keeper,
                note=stack.enter_context(scalars(run.log if here.first else None, course.step + 1)),
                reason=stack.enter_context(stopping(run.time_limit)),
            )
            loop.through(course)
            here.alike(learner)
            return course.history()
    finally:
        home(learner)


def _kept(
    learner: Learner, optimiser: torch.optim.Optimizer, identity: Mapping[str, str], run: Run, here: Machine
) -> tuple[Keeper, TrainingState]:
    """What keeps the training, and how far it had come."""
    if run.checkpoints is None:
        return Keeper(None, learner, optimiser, 0.0), TrainingState()
    checkpoints = Checkpoints(run.checkpoints, identity)
    here.wait()  # the first process may still be writing the checkpoint of an interruption
    course = checkpoints.restore(learner, optimiser)
    if here.agreed(course.step) != course.step:
        raise StoreError(f"{run.checkpoints}: not all processes find the same there; name a folder that they share")
    return Keeper(checkpoints if here.first else None, learner, optimiser, run.checkpoint_every), course


@dataclass(frozen=True, slots=True, eq=False)
class _Loop:
    stepper: Stepper
    batches: Batches
    epochs: int
    seed: int
    run: Run
    stage: str
    machine: Machine
    keeper: Keeper
    note: Callable[[int, Mapping[str, float]], None]
    reason: Callable[[], int]

    def through(self, course: TrainingState) -> None:
        """Take all steps that are left."""
        before, began = course.seconds, monotonic()
        while course.epoch < self.epochs:
            plan = self.batches.epoch(course.epoch)
            course.begin_epoch()
            total = course.firsts[-1] + len(plan) * (self.epochs - course.epoch)
            for rows in plan[course.position :]:
                losses = self._step(rows, course)
                course.record(losses)
                course.seconds = before + monotonic() - began
                self.note(course.step, losses)
                self.run.progress(Progress(self.stage, course.step, total, "steps", losses["loss"]))
                if course.step < total:
                    self._pause(course, total)
            course.end_epoch()
        self.keeper.save(course)

    def _step(self, rows: IntArray, course: TrainingState) -> dict[str, float]:
        begin_step(self.seed, course.step, self.machine.number, self.machine.device)
        loss, losses = self.stepper.losses(self.batches, rows)
        if not math.isfinite(losses["loss"]):
            raise FitError(
                f"{self.stage}: the loss became {losses['loss']} at step {course.position + 1} of epoch "
                f"{course.epoch + 1}; lower the learning rate, clip gradients, or look for bad numbers in the data"
            )
        self.stepper.descend(loss, course.epoch)
        return losses

    def _pause(self, course: TrainingState, total: int) -> None:
        """Between two steps: keep what is due, and stop where that is asked for."""
        if not (why := self.machine.agreed(self.reason())):
            self.keeper.save_if_due(course)
            return
        self.keeper.save(course)
        folder = self.run.checkpoints
        remedy = f"run the same again to go on from {folder}" if folder else "name a folder for checkpoints to go on"
        raise Interrupted(f"{self.stage}: {WHY[why]} after step {course.step} of {total}; {remedy}")


class _Whole(nn.Module):
    """What accelerate wraps and marks, so that the learner itself stays as it was."""

    def __init__(self, learner: Any) -> None:
        super().__init__()
        self.learner = learner

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = self.learner(*batch)
        return losses


class Stepper:
    """Takes the steps of a training.

    Args:
        learner: on the machine's device.
        optimiser: of its parameters.
        optimisation: the settings.
        machine: devices and processes.
        compiled: whether `torch.compile` makes the forward and backward passes.
    """

    def __init__(
        self,
        learner: Learner,
        optimiser: torch.optim.Optimizer,
        optimisation: Optimisation,
        machine: Machine,
        compiled: bool,
    ) -> None:
        self._learner, self._optimisation, self._machine = learner, optimisation, machine
        whole = _Whole(torch.compile(learner) if compiled else learner)
        self._whole, self._optimiser = machine.accelerator.prepare(whole, optimiser)

    def losses(self, batches: Batches, rows: IntArray) -> tuple[Tensor, dict[str, float]]:
        """Compute the losses of a batch.

        The mean over the batch is the sum of the processes' means, each with the share of its rows. Gradients are
        averaged over the processes, hence the factor.

        Args:
            batches: gives the rows' tensors.
            rows: (B,) numbers of the whole batch's rows.

        Returns:
            The scalar to differentiate in this process, and the losses of the whole batch by name.
        """
        machine, own = self._machine, self._machine.own(rows)
        found = self._whole(*(machine.placed(tensor) for tensor in batches.load(own)))
        share = len(own) / len(rows)
        values = machine.total(torch.stack([value.detach().float() for value in found.values()]) * share)
        named = dict(zip(found, values.tolist(), strict=True))
        return found["loss"] * (share * machine.processes), named

    def descend(self, loss: Tensor, epoch: int) -> None:
        """Change the parameters, then what has no gradient.

        Args:
            loss: the scalar to differentiate.
            epoch: its number, which sets the learning rate.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self._optimisation.rate(epoch)
        self._optimiser.zero_grad()
        self._machine.accelerator.backward(loss)
        if self._optimisation.clip is not None:
            self._machine.accelerator.clip_grad_norm_(self._learner.parameters(), self._optimisation.clip)
        self._optimiser.step()
        with torch.no_grad():
            self._learner.after_step()


@contextmanager
def stopping(limit: float | None) -> Iterator[Callable[[], int]]:
    """Watch for reasons to stop while the block lasts.

    The first Ctrl-C waits for the end of the step, a second one acts at once. Signals reach the main thread alone, so
    in other threads Ctrl-C is not watched.

    Args:
        limit: seconds; None = no limit.

    Yields:
        A function that gives the reason to stop now, as a place in `WHY`; 0 = go on.
    """
    began, pressed = monotonic(), threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def press(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    def reason() -> int:
        if pressed.is_set():
            return 1
        return 2 if limit is not None and monotonic() - began >= limit else 0

    listening = threading.current_thread() is threading.main_thread() and callable(before)
    try:
        if listening:
            signal.signal(signal.SIGINT, press)
        yield reason
    finally:
        if listening:
            signal.signal(signal.SIGINT, before)


@contextmanager
def scalars(folder: Path | None, step: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """Write losses for TensorBoard while the block lasts.

    Args:
        folder: where TensorBoard will look; None = write nothing.
        step: the first step that will be written; what an interrupted run wrote from there on is not shown.

    Yields:
        A function that writes the values of a step.

    Raises:
        SettingsError: the package tensorboard is missing.
        StoreError: the folder cannot be written.
    """
    if folder is None:
        yield lambda _step, _values: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  an extra
    except ImportError as error:
        raise SettingsError(
            "a training log needs the package tensorboard; pip install 'oddframe[tensorboard]'"
        ) from error
    with storing(folder, "free some space or choose another folder for the log"):
        writer = SummaryWriter(str(folder), purge_step=step)

    def note(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    try:
        yield note
    finally:
        writer.close()
