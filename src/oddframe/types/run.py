"""How something runs, as opposed to what it computes: never part of an identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage has come.

    Args:
        stage: what is being done, in a few words ("observing 003").
        done, total: in `unit`s; total is None where nobody knows it.
        unit: what is counted ("frames", "steps").
    """

    stage: str
    done: int
    total: int | None = None
    unit: str = "frames"


def _silent(_: Progress) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """Where and how to run. Later needs (precision, processes, checkpoints) become fields here, not new arguments.

    Args:
        device: a torch device name.
        progress: is told how far things have come; called often, so it must be cheap.
    """

    device: str = "cpu"
    progress: Callable[[Progress], None] = _silent
