"""`oddframe calibrate`: another threshold for a saved detector, for a stated rate of false alarms."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from oddframe.cli.app import app, stderr, stdout
from oddframe.cli.options import Cache, Device, Fps, Workers, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.editing import editing
from oddframe.errors import OddframeWarning, SettingsError
from oddframe.scoring import Calibration, FalseAlarms, Scoring, duration, rate


@app.command()
def calibrate(
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved; it is replaced.")],
    videos: Annotated[
        list[str] | None,
        typer.Argument(
            help="Normal video that it has not learnt from; without any, what was held out.", show_default=False
        ),
    ] = None,
    per_hour: Annotated[
        float | None,
        typer.Option("--false-alarms-per-hour", help="Events that an hour of normal video may give."),
    ] = None,
    per_day: Annotated[float | None, typer.Option("--per-day", help="The same, for a day of normal video.")] = None,
    alarm_rate: Annotated[
        float | None, typer.Option(help="Instead, the share of normal frames over the threshold.")
    ] = None,
    fps: Fps = None,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
) -> None:
    """Learn a new threshold for a stated rate of false alarms, from normal VIDEOS or from what was held out."""
    waiting = f"{detector}: waiting for who is changing it"
    with editing(detector, lambda: stderr().print(waiting, markup=False)) as loaded:
        wanted, before = _wanted(loaded.scoring, per_hour, per_day, alarm_rate), loaded.calibration.threshold
        found = read_videos(videos, fps) if videos else None
        with reporting(len(found or ()), device, workers=workers) as run:
            loaded.calibrate(found, run, scoring=wanted, cache=cache)
    if loaded.calibration.doubt is not None:
        warnings.warn(loaded.calibration.doubt, OddframeWarning, stacklevel=2)
    for line in _told(loaded.calibration, before, len(found or ())):
        stdout().print(line, soft_wrap=True)
    if loaded.stale is not None:
        stderr().print(f"note: {loaded.stale}")


def _wanted(scoring: Scoring, per_hour: float | None, per_day: float | None, alarm_rate: float | None) -> Scoring:
    """The detector's own scoring with the rate that was asked for, if one was."""
    given = [value for value in (per_hour, per_day, alarm_rate) if value is not None]
    if len(given) > 1:
        raise SettingsError("give one of --false-alarms-per-hour, --per-day and --alarm-rate")
    if alarm_rate is not None:
        return replace(scoring, alarm_rate=alarm_rate, false_alarms_per_hour=None)
    if per_day is not None:
        return replace(scoring, false_alarms_per_hour=per_day / 24)
    return scoring if per_hour is None else replace(scoring, false_alarms_per_hour=per_hour)


def _told(calibration: Calibration, before: float | None, videos: int) -> Iterator[str]:
    was = "" if before is None else f" (was {before:.4g})"
    yield f"threshold {calibration.threshold:.4g}{was}; an event lasts while scores are above {calibration.low:.4g}"
    if calibration.alarms is not None:
        yield f"expect {in_words(calibration.alarms)}"
        held = "that the detector held out" if not videos else f"of {videos} video{'s' if videos > 1 else ''}"
        yield f"from {duration(calibration.alarms.hours)} of normal video {held}, {BASES[calibration.alarms.basis]}"


BASES = {
    "counted": "by counting events",
    "tail": "by a tail fitted to the highest events",
    "highest": "by its highest score: there were too few events for anything else",
}


def in_words(alarms: FalseAlarms) -> str:
    """How many, with the interval, an hour or a day.

    >>> in_words(FalseAlarms(0.5, at_least=0.1, at_most=2.0, basis="tail", hours=3.0))
    '12 false alarms a day (95 %: 2.4 to 48)'
    """
    times = 1 if alarms.per_hour >= 1 else 24
    return f"{rate(alarms.per_hour)} (95 %: {times * alarms.at_least:.3g} to {times * alarms.at_most:.3g})"
