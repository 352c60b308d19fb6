"""`oddframe calibrate`: another threshold for a saved detector, for a stated rate of false alarms."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from oddframe.cli.app import app, stderr, stdout, waiting
from oddframe.cli.options import AllowFetch, AllowFiles, Cache, Device, Fps, Join, Limit, Strict, Workers, read_videos
from oddframe.errors import OddframeWarning, SettingsError


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
    strict: Strict = False,
    join: Join = False,
    limit: Limit = None,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Learn a new threshold for a stated rate of false alarms. From normal VIDEOS, or from what was held out."""
    from oddframe import editing
    from oddframe.cli.progress import reporting
    from oddframe.engine.calibrate import in_words

    if len([given for given in (per_hour, per_day, alarm_rate) if given is not None]) > 1:
        raise SettingsError("give one of --false-alarms-per-hour, --per-day and --alarm-rate")
    hourly = per_hour if per_day is None else per_day / 24
    with editing(detector, waiting(detector), allow_fetch=allow_fetch, allow_files=allow_files or ()) as loaded:
        before = loaded.calibration.threshold
        found = read_videos(videos, fps, strict=strict, join=join, limit=limit) if videos else None
        with reporting(len(found or ()), device, workers=workers) as run:
            loaded.calibrate(
                found, run, alarm_rate=alarm_rate, false_alarms_per_hour=hourly, cache=cache, strict=strict
            )
    if loaded.calibration.doubt is not None:
        warnings.warn(loaded.calibration.doubt, OddframeWarning, stacklevel=2)
    for line in in_words(loaded.calibration, before, len(found or ())):
        stdout().print(line, soft_wrap=True)
    if loaded.stale is not None:
        stderr().print(f"note: {loaded.stale}")
