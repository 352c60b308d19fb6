"""`oddframe teach`, `forget` and `absorb`: correct a saved detector without retraining."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from oddframe.cli.app import app, stderr, stdout, waiting
from oddframe.cli.options import (
    AllowFetch,
    AllowFiles,
    Cache,
    Device,
    Fps,
    Join,
    Limit,
    Strict,
    Videos,
    Workers,
    read_box,
    read_time,
    read_videos,
)

if TYPE_CHECKING:
    from oddframe import Detector
    from oddframe.engine.correct import Taught

Saved = Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved; it is replaced.")]
_SHOWN = 12


@app.command()
def teach(
    detector: Saved,
    video: Annotated[str, typer.Argument(help="The video.")],
    start: Annotated[str, typer.Option("--from", help="Where it begins: 61, 1:01 or 0:01:01.")],
    end: Annotated[str, typer.Option("--to", help="Where it ends: 64.5, 1:04.5 or 0:01:04.5.")],
    box: Annotated[
        str | None,
        typer.Option(help="x0,y0,x1,y1 in pixels: teach only what lies in it by half.", show_default=False),
    ] = None,
    fps: Fps = None,
    join: Join = False,
    limit: Limit = None,
    cache: Cache = None,
    device: Device = "cpu",
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Mark what VIDEO shows from one time to another as normal. Name all of an event with --from and --to."""
    from oddframe.cli.progress import reporting

    first, last = read_time("--from", start), read_time("--to", end)
    inside = None if box is None else read_box(box)
    with _editing(detector, allow_fetch, allow_files) as loaded:
        found = read_videos([video], fps, join=join, limit=limit)
        with reporting(len(found), device) as run:
            told = loaded.teach(found, first, last, run, box=inside, cache=cache)
    _print(told)
    _say_stale(loaded)


@app.command()
def forget(
    detector: Saved,
    video: Annotated[str, typer.Argument(help="The video's name, or its file.")],
    taught_only: Annotated[bool, typer.Option("--taught-only", help="Forget only what was taught of it.")] = False,
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Forget what was taught of VIDEO, and learnt from it as normal."""
    with _editing(detector, allow_fetch, allow_files) as loaded:
        told = loaded.forget(video, taught_only=taught_only)
    moments = f"{told.moments} taught moment{'' if told.moments == 1 else 's'}" if told.moments else ""
    what = " and ".join(filter(None, [moments, "what was learnt from it as normal video" if told.normal else ""]))
    stderr().print(f"forgot {told.video}: {what}", markup=False)
    _say_stale(loaded)


@app.command()
def absorb(
    detector: Saved,
    videos: Videos,
    holdout: Annotated[float, typer.Option(help="Share held out for a new threshold; 0 leaves the old one.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Chooses what is held out.")] = 0,
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
    """Add normal VIDEOS to what a detector knows to be normal."""
    from oddframe.cli.progress import reporting

    with _editing(detector, allow_fetch, allow_files) as loaded:
        found = read_videos(videos, fps, strict=strict, join=join, limit=limit)
        began, before = perf_counter(), loaded.calibration.threshold
        with reporting(len(found), device, workers=workers) as run:
            loaded.absorb(found, run, cache=cache, holdout=holdout, seed=seed, strict=strict)
    thresholds = " to ".join("none" if t is None else f"{t:.4g}" for t in (before, loaded.calibration.threshold))
    count = f"{len(found)} video{'' if len(found) == 1 else 's'}"
    stderr().print(f"absorbed {count} in {perf_counter() - began:.0f} s, threshold {thresholds}")
    _say_stale(loaded)


def _editing(folder: Path, allow_fetch: bool, allow_files: list[Path] | None) -> AbstractContextManager[Detector]:
    """Load, change and save, one command after the other."""
    from oddframe import editing

    return editing(folder, waiting(folder), allow_fetch=allow_fetch, allow_files=allow_files or ())


def _print(told: Taught) -> None:
    import numpy as np
    from rich.table import Table

    from oddframe.types import clock

    rows, stretch = told.rows[:: max(1, -(-len(told.rows) // _SHOWN))], stretch_words(told)
    table = Table("time", "box", "score before", "after", box=None)
    place = np.searchsorted(told.rows, rows)
    for row, before, after in zip(rows, told.before[place], told.after[place], strict=True):
        edges = " ".join(f"{edge:.0f}" for edge in told.observations.box[row])
        seconds = told.stretch.info.seconds(int(told.observations.frame[row]))
        table.add_row(clock(seconds), edges, f"{before:.3g}", f"{after:.3g}")
    threshold = "" if told.threshold is None else f" (threshold {told.threshold:.3g})"
    highest = f"scores up to {told.before.max():.3g} before, {told.after.max():.3g} after{threshold}"
    stderr().print(f"taught {len(told.observations)} of {told.seen} observations of {stretch}: {highest}", markup=False)
    stdout().print(table)


def stretch_words(told: Taught) -> str:
    """The video, and from when to when."""
    from oddframe.types import clock

    info = told.stretch.info
    return f"{info.id}, {clock(info.seconds(told.stretch.first))} to {clock(info.seconds(told.stretch.stop))}"


def _say_stale(detector: Detector) -> None:
    if detector.stale is not None and detector.calibration.threshold is not None:
        stderr().print(f"note: {detector.stale}")
