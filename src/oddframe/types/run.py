"""How something runs, as opposed to what it computes: never part of an identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Precision = Literal["auto", "float32", "bf16"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage has come.

    Args:
        stage: what is being done, in a few words ("observing 003").
        done, total: in `unit`s; total is None where nobody knows it.
        unit: what is counted ("frames", "steps").
        loss: of the last step, where something is trained.
    """

    stage: str
    done: int
    total: int | None = None
    unit: str = "frames"
    loss: float | None = None


def _silent(_: Progress) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """Where and how to run. Later needs become fields here, not new arguments.

    Args:
        device: a torch device name.
        progress: is told how far things have come; called often, so it must be cheap.
        precision: of training: "auto" is bf16 on a GPU that computes in it, and float32 elsewhere.
        checkpoints: a folder in which training keeps its state, and from which it goes on.
        checkpoint_every: seconds between two checkpoints, >= 0; one more is kept at the end.
        log: a folder for TensorBoard: every loss of every step.
        compile: let `torch.compile` make the training step.
        channels_last: let pictures and filters lie with their channels last while training (docs/training.md).
        workers: videos that are observed at once, each in a process of its own (docs/foreground.md). Not to be mistaken
            for processes that train together.
        time_limit: seconds after which training stops, with a checkpoint where `checkpoints` is set.
    """

    device: str = "cpu"
    progress: Callable[[Progress], None] = _silent
    precision: Precision = "auto"
    checkpoints: Path | None = None
    checkpoint_every: float = 60.0
    log: Path | None = None
    compile: bool = False
    channels_last: bool = True
    time_limit: float | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers: {self.workers}: at least 1")

    def below(self, name: str) -> Run:
        """The same with a folder of its own in each of its folders: for models that train several times.

        >>> Run(checkpoints=Path("kept")).below("first").checkpoints.as_posix()
        'kept/first'
        """
        inside = {part: getattr(self, part) and getattr(self, part) / name for part in ("checkpoints", "log")}
        return replace(self, **inside)
