"""`oddframe discover`: the oddest moments of video without labels."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.table import Table

from oddframe.cli.app import FAILED, Failures, app, stderr, stdout
from oddframe.cli.options import Cache, Checkpoints, Device, Fps, Precise, Videos, Workers, read_settings, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.detector import Detector
from oddframe.engine.discover import Discovery, discover
from oddframe.engine.store import check_target
from oddframe.files import storing
from oddframe.models.base import Regime
from oddframe.report.discovery_files import Pile, remove_stale, write_found
from oddframe.training.devices import is_first
from oddframe.types import clock


@app.command("discover")
def discover_moments(
    context: typer.Context,
    pile: Videos,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the list and its pictures.")],
    more: Annotated[
        list[str] | None,
        typer.Option("--with", help="Video to learn from as well, which is not searched.", show_default=False),
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
    as_json: Annotated[bool, typer.Option("--json", help="Print what moments.json holds, not a table.")] = False,
    fps: Fps = None,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    precision: Precise = "auto",
    checkpoints: Checkpoints = None,
) -> None:
    """Rank the oddest moments of PILE, video of which nobody has said what is normal; learns from the same video."""
    if save is not None:
        check_target(save)  # before the long work, not after it
    made, failures = Detector(detector, settings=read_settings(settings or [])), Failures(context.obj.debug)
    with storing(output, "choose another folder with --output"):
        output.mkdir(parents=True, exist_ok=True)
    searched = read_videos(pile, fps, failures)
    if not searched:
        raise typer.Exit(FAILED)
    beside, began = read_videos(more, fps, failures) if more else [], perf_counter()
    with reporting(
        len(searched) + len(beside), device, precision=precision, checkpoints=checkpoints, workers=workers
    ) as run:
        found = discover(
            searched,
            made,
            run,
            more=beside,
            moments=moments,
            cache=cache,
            failed=lambda video, error: failures(error, video.source),
        )
    if is_first():  # of several processes that train together, one writes
        if save is not None:
            made.save(save)
        told = write_found(output, found, Pile({video.info.id: video for video in searched}, made, str(context.obj)))
        remove_stale(output, told)
        print(json.dumps(told, indent=1)) if as_json else stdout().print(_table(found))  # noqa: T201
        _sum_up(found, made.model.name, made.model.regime, perf_counter() - began, output)
    if failures.count:
        raise typer.Exit(FAILED)


def _table(found: Discovery) -> Table:
    table = Table("rank", "video", "from", "to", "peak", "score", "box", box=None)
    table.columns[1].overflow = "fold"  # a name that is cut is no name
    for moment in found.moments:
        event = moment.event
        box = "-" if event.box is None else " ".join(f"{edge:.0f}" for edge in event.box)
        times = [clock(seconds) for seconds in (event.start_time, event.end_time, event.peak_time)]
        table.add_row(str(moment.rank), moment.video, *times, f"{event.score:.3g}", box)
    return table


def _sum_up(found: Discovery, model: str, regime: Regime, seconds: float, output: Path) -> None:
    videos = len(found.timelines)
    beside = f" and {len(found.more)} beside them" if found.more else ""
    stderr().print(f"learnt from {videos} videos{beside}, searched in {seconds:.0f} s; wrote {output}", markup=False)
    if regime is Regime.ONE_CLASS:
        stderr().print(
            f"model {model!r} was told that all of the pile is normal: what happens often in it does not stand out"
        )
    if not found.moments:
        stderr().print("no moment stands out: every frame that can be scored has the same score")
