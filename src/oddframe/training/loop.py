"""The one training loop."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import FitError
from oddframe.training.batches import Batches
from oddframe.training.history import History
from oddframe.training.learner import Learner
from oddframe.training.optimisation import Optimisation
from oddframe.types import Progress, Run

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

    Args:
        learner: what is trained.
        batches: which rows at which step, and their tensors.
        optimisation: how.
        seed: of whatever the learner draws (dropout); orders of rows are the batches' business.
        run: where, how, and who is told.
        stage: what progress calls this.

    Raises:
        FitError: a loss is not finite; the message says when.
    """
    began, device = perf_counter(), torch.device(run.device)
    learner.to(device).train()
    optimiser = optimisation.over([p for p in learner.parameters() if p.requires_grad])
    losses: dict[str, list[float]] = {}
    firsts, step = [], 0
    for epoch in range(optimisation.epochs):
        for group in optimiser.param_groups:
            group["lr"] = optimisation.rate(epoch)
        plan = batches.epoch(epoch)
        firsts.append(step)
        for rows in plan:
            torch.manual_seed(seed + step)
            found = learner(*(tensor.to(device) for tensor in batches.load(rows)))
            _descend(learner, optimiser, found["loss"], optimisation.clip, f"step {step} (epoch {epoch})")
            learner.after_step()
            for name, value in found.items():
                losses.setdefault(name, []).append(float(value.detach()))
            step += 1
            total = firsts[-1] + len(plan) * (optimisation.epochs - epoch)
            run.progress(Progress(stage, step, total, "steps", losses["loss"][-1]))
    learner.to("cpu").eval()
    arrays = {name: np.asarray(values, np.float32) for name, values in losses.items()}
    return History(arrays, np.asarray(firsts, np.int64), perf_counter() - began)


def _descend(learner: Learner, optimiser: torch.optim.Optimizer, loss: Tensor, clip: float | None, place: str) -> None:
    if not torch.isfinite(loss):
        raise FitError(f"the loss became {float(loss)} at {place}; lower the learning rate or look at the data")
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if clip is not None:
        torch.nn.utils.clip_grad_norm_(learner.parameters(), clip)
    optimiser.step()
