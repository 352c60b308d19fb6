"""Progress on standard error: bars on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from oddframe.training.devices import is_first
from oddframe.types import Precision, Progress, Run, clock

EVERY = 30.0
"""Seconds from line to line, where standard error is no terminal."""


class Stages:
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


class Lines:
    """Prints a line every so often, whether there is news or not, until it is closed.

    Args:
        say: prints a line.
        videos: as in `Stages`.
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
        self._say, self._stages, self._every, self._now = say, Stages(videos), every, now
        self._start = now()
        self._latest: Progress | None = None
        self._began: dict[str, tuple[float, int]] = {}  # stage -> when it was first heard of, and how far it was
        self._over = Event()
        self._thread = Thread(target=self._tell, name="progress", daemon=True)

    def __call__(self, progress: Progress) -> None:
        if progress.stage not in self._began:
            self._began[progress.stage] = self._now(), progress.done
            self._stages.named(progress.stage)
        self._latest = progress

    def __enter__(self) -> Lines:
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
        began, first = self._began[latest.stage]
        seconds, done = now - began, latest.done - first
        parts = [f"{latest.done} {latest.unit}"]
        if latest.total:
            parts = [f"{latest.done / latest.total:.0%} of {latest.total} {latest.unit}"]
        if done > 0 and seconds > 0:
            parts.append(rate(done / seconds, latest.unit))
            if latest.total:
                parts.append(f"{clock(max(latest.total - latest.done, 0) * seconds / done, 0)} left")
        if latest.loss is not None:
            parts.append(f"loss {latest.loss:.4g}")
        return f"{self._stages.named(latest.stage)}: {', '.join(parts)}"


def rate(speed: float, unit: str) -> str:
    """Write a speed: slow ones in fractions.

    >>> rate(0.252, "steps"), rate(1234.5, "frames")
    ('0.25 steps/s', '1,234 frames/s')
    """
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

    if not is_first():  # of several processes that train together, one tells
        yield Run(device, precision=precision, checkpoints=checkpoints, log=log, workers=workers)
    elif sys.stderr.isatty():
        from oddframe.cli.bars import Board, new_bars

        with new_bars(rate) as bars:
            yield run(Board(bars, Stages(videos).named, workers))
    else:
        with Lines(lambda line: print(line, file=sys.stderr, flush=True), videos, EVERY) as lines:  # noqa: T201
            yield run(lines)
