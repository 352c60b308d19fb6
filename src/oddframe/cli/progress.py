"""Progress on standard error: bars on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

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
from oddframe.types import Precision, Progress, Run, clock

EVERY = 30.0
"""Seconds from line to line, where standard error is no terminal."""


class RateColumn(ProgressColumn):
    """How many units a second, averaged over the recent past."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else _rate(speed, task.fields["unit"]), style="progress.data.speed")


class LossColumn(ProgressColumn):
    """The loss of the last step, where something is trained."""

    def render(self, task: Task) -> Text:
        loss = task.fields["loss"]
        return Text("" if loss is None else f"loss {loss:.4g}")


class _Stages:
    """Names the stages; those of observing are counted.

    Args:
        videos: how many stages of observing there will be, shown as "3 of 16"; None = not shown.
    """

    def __init__(self, videos: int | None) -> None:
        self._videos = videos
        self._observed: dict[str, int] = {}

    def named(self, stage: str) -> str:
        """The stage with its number."""
        if not (self._videos and stage.startswith("observing")):
            return stage
        number = self._observed.setdefault(stage, len(self._observed) + 1)
        return f"{stage} ({number} of {self._videos})"


class _Board:
    """A line for each of the stages that go on at once; the line of a stage that is over goes away.

    Args:
        videos: as in `_Stages`.
        lines: how many stages go on at once.
    """

    def __init__(self, bars: Bars, videos: int | None, lines: int = 1) -> None:
        self._bars, self._stages, self._lines = bars, _Stages(videos), lines
        self._tasks: dict[str, TaskID] = {}  # the one heard of last comes last

    def __call__(self, progress: Progress) -> None:
        task = self._tasks.pop(progress.stage, None)
        task = self._begin(progress) if task is None else task
        self._tasks[progress.stage] = task
        self._bars.update(task, completed=progress.done, total=progress.total, loss=progress.loss)

    def _begin(self, progress: Progress) -> TaskID:
        while len(self._tasks) >= (self._lines if progress.stage.startswith("observing") else 1):
            self._bars.remove_task(self._tasks.pop(next(iter(self._tasks))))
        words = self._stages.named(progress.stage)
        return self._bars.add_task(words, total=progress.total, unit=progress.unit, loss=None)


class _Lines:
    """Prints a line every so often, whether there is news or not, until it is closed.

    Args:
        say: prints a line.
        videos: as in `_Stages`.
        every: seconds from line to line.
        now: the time in seconds.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        videos: int | None = None,
        every: float = EVERY,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._say, self._stages, self._every, self._now = say, _Stages(videos), every, now
        self._start = now()
        self._latest: Progress | None = None
        self._since: tuple[str, float, int] = ("", self._start, 0)  # the stage, when it began, and where
        self._over = Event()
        self._thread = Thread(target=self._tell, daemon=True)

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._since[0]:
            self._since = progress.stage, self._now(), progress.done
            self._stages.named(progress.stage)
        self._latest = progress

    def __enter__(self) -> _Lines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._over.wait(self._every):
            self._say(self.line())

    def line(self) -> str:
        """How far it is: the stage, its share, rate and remaining time."""
        now, latest = self._now(), self._latest
        if latest is None:
            return f"at work for {clock(now - self._start, 0)}"
        stage, began, first = self._since
        seconds, done = now - began, latest.done - first
        parts = [f"{latest.done} {latest.unit}"]
        if latest.total:
            parts = [f"{latest.done / latest.total:.0%} of {latest.total} {latest.unit}"]
        if done > 0 and seconds > 0:
            parts.append(_rate(done / seconds, latest.unit))
            if latest.total:
                parts.append(f"{clock(max(latest.total - latest.done, 0) * seconds / done, 0)} left")
        if latest.loss is not None:
            parts.append(f"loss {latest.loss:.4g}")
        return f"{self._stages.named(stage)}: {', '.join(parts)}"


def _rate(speed: float, unit: str) -> str:
    return f"{speed:,.{0 if speed >= 10 else 2}f} {unit}/s"


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
    """A `Run` whose progress shows on standard error: bars on a terminal, else a line every half minute.

    Args:
        videos: how many will be observed; None = nobody knows.
        device, precision, checkpoints, log, workers: as in `Run`.
    """

    def run(progress: Callable[[Progress], None]) -> Run:
        return Run(device, progress, precision, checkpoints, log=log, workers=workers)

    console = stderr()
    if not is_first():  # of several processes that train together, one tells
        yield Run(device, precision=precision, checkpoints=checkpoints, log=log, workers=workers)
    elif console.is_terminal:
        with _bars() as bars:
            yield run(_Board(bars, videos, workers))
    else:
        with _Lines(lambda line: console.print(line, markup=False), videos, EVERY) as lines:
            yield run(lines)


def _bars() -> Bars:
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        LossColumn(),
        TimeRemainingColumn(),
        console=stderr(),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else a result meant for a file or a pipe would land on stderr
    )
