"""Random numbers that depend on the seed, the step and the process, and on nothing that ran before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def own_random(device: torch.device) -> Iterator[None]:
    """Leave torch's global generators as they were before the block."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        yield


def begin_step(seed: int, step: int, process: int, device: torch.device) -> None:
    """Seed torch's generators for one step, so that no state of theirs has to be kept in a checkpoint."""
    number = int(np.random.SeedSequence((seed, step, process)).generate_state(1, np.uint64)[0]) >> 1
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)
