"""Bars of progress on a terminal; imported only where there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable

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
from oddframe.types import Progress


class RateColumn(ProgressColumn):
    """How many units a second, averaged over the recent past.

    Args:
        rate: writes a speed and its unit.
    """

    def __init__(self, rate: Callable[[float, str], str]) -> None:
        super().__init__()
        self._rate = rate

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else self._rate(speed, task.fields["unit"]), style="progress.data.speed")


class LossColumn(ProgressColumn):
    """The loss of the last step, where something is trained."""

    def render(self, task: Task) -> Text:
        loss = task.fields["loss"]
        return Text("" if loss is None else f"loss {loss:.4g}")


class Board:
    """A bar for each of the stages that go on at once; the bar of a stage that is over goes away.

    Args:
        bars: where they are shown.
        named: writes a stage.
        lines: how many stages go on at once.
    """

    def __init__(self, bars: Bars, named: Callable[[str], str], lines: int = 1) -> None:
        self._bars, self._named, self._lines = bars, named, lines
        self._tasks: dict[str, TaskID] = {}  # the one heard of last comes last

    def __call__(self, progress: Progress) -> None:
        task = self._tasks.pop(progress.stage, None)
        task = self._begin(progress) if task is None else task
        self._tasks[progress.stage] = task
        self._bars.update(task, completed=progress.done, total=progress.total, loss=progress.loss)

    def _begin(self, progress: Progress) -> TaskID:
        while len(self._tasks) >= (self._lines if progress.stage.startswith("observing") else 1):
            self._bars.remove_task(self._tasks.pop(next(iter(self._tasks))))
        words = self._named(progress.stage)
        return self._bars.add_task(words, total=progress.total, unit=progress.unit, loss=None)


def new_bars(rate: Callable[[float, str], str]) -> Bars:
    """Bars on standard error, gone when the work is done."""
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(rate),
        LossColumn(),
        TimeRemainingColumn(),
        console=stderr(),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else a result meant for a file or a pipe would land on stderr
    )
