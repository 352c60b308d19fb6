"""The one training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic

import torch

from oddframe.errors import FitError, Interrupted, StoreError
from oddframe.training.batch_norm import synchronised
from oddframe.training.batches import Batches
from oddframe.training.checkpoint import Checkpoints, Keeper
from oddframe.training.course import Course
from oddframe.training.history import History
from oddframe.training.identity import identity_of
from oddframe.training.learner import Learner
from oddframe.training.machine import Machine, home, machine
from oddframe.training.optimisation import Optimisation
from oddframe.training.scalars import scalars
from oddframe.training.seeding import begin_step, own_random
from oddframe.training.step import Stepper
from oddframe.training.stopping import WHY, stopping
from oddframe.types import IntArray, Progress, Run

__all__ = ["History", "Optimisation", "train"]


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

    Where `run.checkpoints` holds the checkpoint of the same training, it goes on from there, and on a CPU ends as if it
    had never been interrupted, to the bit.

    Args:
        learner: what is trained.
        batches: which rows at which step, and their tensors.
        optimisation: how.
        seed: of whatever the learner draws (dropout); orders of rows are the batches' business.
        run: where, how, and who is told; a model that trains twice gives each its own folders.
        stage: what progress calls this.

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
) -> tuple[Keeper, Course]:
    """What keeps the training, and how far it had come."""
    if run.checkpoints is None:
        return Keeper(None, learner, optimiser, 0.0), Course()
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

    def through(self, course: Course) -> None:
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

    def _step(self, rows: IntArray, course: Course) -> dict[str, float]:
        begin_step(self.seed, course.step, self.machine.number, self.machine.device)
        loss, losses = self.stepper.losses(self.batches, rows)
        if not math.isfinite(losses["loss"]):
            raise FitError(
                f"{self.stage}: the loss became {losses['loss']} at step {course.position + 1} of epoch "
                f"{course.epoch + 1}; lower the learning rate, clip gradients, or look for bad numbers in the data"
            )
        self.stepper.descend(loss, course.epoch)
        return losses

    def _pause(self, course: Course, total: int) -> None:
        """Between two steps: keep what is due, and stop where that is asked for."""
        if not (why := self.machine.agreed(self.reason())):
            self.keeper.save_if_due(course)
            return
        self.keeper.save(course)
        folder = self.run.checkpoints
        remedy = f"run the same again to go on from {folder}" if folder else "name a folder for checkpoints to go on"
        raise Interrupted(f"{self.stage}: {WHY[why]} after step {course.step} of {total}; {remedy}")
