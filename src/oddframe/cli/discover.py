"""`oddframe discover`: rank the most anomalous moments of video without labels."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from oddframe.cli.app import FAILED, Failures, app, stderr, stdout
from oddframe.cli.options import (
    AllowFetch,
    Cache,
    Checkpoints,
    Device,
    Fps,
    Join,
    Limit,
    Precise,
    Starts,
    Strict,
    Videos,
    Workers,
    read_settings,
    read_videos,
)
from oddframe.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from oddframe import Detector, Discovery


@app.command("discover")
def discover_moments(
    context: typer.Context,
    pile: Videos,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the list and its pictures.")],
    more: Annotated[
        list[str] | None,
        typer.Option("--with", help="More video to learn from, which is not searched.", show_default=False),
    ] = None,
    detector: Annotated[
        str, typer.Option("--detector", "-d", help="A preset whose model needs no labels.")
    ] = "lbr-spr-small",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as model.epochs=3 or observer.foreground.step=0.1.")
    ] = None,
    moments: Annotated[int, typer.Option(min=1, help="How many to list, at most.")] = 20,
    save: Annotated[
        Path | None,
        typer.Option(help="A folder for the fitted detector, to score later video with.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what moments.json holds; no table.")] = False,
    fps: Fps = None,
    strict: Strict = False,
    join: Join = False,
    limit: Limit = None,
    starts: Starts = None,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    precision: Precise = "auto",
    checkpoints: Checkpoints = None,
    allow_fetch: AllowFetch = False,
) -> None:
    """Rank the most anomalous moments of PILE, unlabelled video. The detector learns from the same video."""
    from oddframe import Detector, discover
    from oddframe.cli.progress import reporting
    from oddframe.engine.store import check_target
    from oddframe.engine.usable import opens
    from oddframe.errors import VideoError
    from oddframe.files import storing
    from oddframe.report.discovery_files import Pile, write_discovery
    from oddframe.training.devices import is_first

    if save is not None:
        check_target(save)  # before the long work, not after it
    made = Detector(detector, settings=read_settings(settings), allow_fetch=allow_fetch)
    failures = Failures(context.obj.debug)
    with storing(output, "choose another folder with --output"):
        output.mkdir(parents=True, exist_ok=True)
    searched = read_videos(pile, fps, failures, strict=strict, join=join, limit=limit, starts=starts)
    bad: list[VideoError] = []
    searched = [video for video in searched if opens(video, bad)]
    for error in bad:
        failures(error)
    if not searched:
        raise typer.Exit(FAILED)
    beside, began = (
        read_videos(more, fps, failures, strict=strict, join=join, limit=limit, starts=starts) if more else [],
        perf_counter(),
    )
    count = len(searched) + len(beside)
    with reporting(count, device, precision=precision, checkpoints=checkpoints, workers=workers) as run:
        found = discover(searched, made, run, more=beside, moments=moments, cache=cache, failed=failures.of)
    if is_first():  # of several processes that train together, one writes
        if save is not None:
            made.save(save)
        pile_of = Pile({video.id: video for video in searched}, made, str(context.obj))
        told = write_discovery(output, found, pile_of)
        print(json.dumps(told, indent=1)) if as_json else stdout().print(_table(found))  # noqa: T201
        _sum_up(found, made, perf_counter() - began, output)
    failures.leave()


def _table(found: Discovery) -> Table:
    from rich.table import Table

    from oddframe.types import clock

    table = Table("rank", "video", "from", "to", "peak", "score", "box", box=None)
    table.columns[1].overflow = "fold"  # a name that is cut is no name
    for moment in found.moments:
        event = moment.event
        box = "-" if event.box is None else " ".join(f"{edge:.0f}" for edge in event.box)
        times = [clock(seconds) for seconds in (event.start_time, event.end_time, event.peak_time)]
        table.add_row(str(moment.rank), printable(moment.video), *times, f"{event.score:.3g}", box)
    return table


def _sum_up(found: Discovery, detector: Detector, seconds: float, output: Path) -> None:
    videos = len(found.timelines)
    beside = f" and {len(found.more)} beside them" if found.more else ""
    stderr().print(f"learnt from {videos} videos{beside}, searched in {seconds:.0f} s; wrote {output}", markup=False)
    if detector.model.regime.value == "one-class":
        stderr().print(
            f"model {detector.model.name!r} took the pile for normal: what happens often in it does not stand out"
        )
    if not found.moments:
        stderr().print("no moment stands out: every frame that can be scored has the same score")
