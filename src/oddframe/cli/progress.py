"""Progress on a terminal's stderr: what, how far, how fast, how long still."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from oddframe.cli.app import stderr
from oddframe.training.devices import is_first
from oddframe.types import Precision, Progress, Run


class RateColumn(ProgressColumn):
    """How many units a second, averaged over the recent past."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(
            "" if speed is None else f"{speed:,.{0 if speed >= 10 else 2}f} {task.fields['unit']}/s",
            style="progress.data.speed",
        )


class LossColumn(ProgressColumn):
    """The loss of the last step, where something is trained."""

    def render(self, task: Task) -> Text:
        loss = task.fields["loss"]
        return Text("" if loss is None else f"loss {loss:.4g}")


class _Board:
    """A line for each of the stages that go on at once; the line of a stage that is over goes away.

    Args:
        videos: how many stages of observing there will be, shown as "3 of 16"; None = not shown.
        lines: how many stages go on at once.
    """

    def __init__(self, bars: Bars, videos: int | None, lines: int = 1) -> None:
        self._bars, self._videos, self._lines = bars, videos, lines
        self._observed: set[str] = set()
        self._tasks: dict[str, TaskID] = {}  # the one heard of last comes last

    def __call__(self, progress: Progress) -> None:
        task = self._tasks.pop(progress.stage, None)
        task = self._begin(progress) if task is None else task
        self._tasks[progress.stage] = task
        self._bars.update(task, completed=progress.done, total=progress.total, loss=progress.loss)

    def _begin(self, progress: Progress) -> TaskID:
        words = progress.stage
        observing = words.startswith("observing")
        while len(self._tasks) >= (self._lines if observing else 1):
            self._bars.remove_task(self._tasks.pop(next(iter(self._tasks))))
        if self._videos and observing:
            self._observed.add(words)
            words = f"{words} ({len(self._observed)} of {self._videos})"
        return self._bars.add_task(words, total=progress.total, unit=progress.unit, loss=None)


@contextmanager
def reporting(
    videos: int | None = None,
    device: str = "cpu",
    *,
    precision: Precision = "auto",
    checkpoints: Path | None = None,
    log: Path | None = None,
    workers: int = 1,
) -> Iterator[Run]:
    """A `Run` whose progress shows on stderr, where stderr is a terminal."""
    console = stderr()
    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        LossColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else a result meant for a file or a pipe would land on stderr
        disable=not (console.is_terminal and is_first()),
    )
    with bars:
        yield Run(device, _Board(bars, videos, workers), precision, checkpoints, log=log, workers=workers)
