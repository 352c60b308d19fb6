"""`oddframe demo`: the whole way from video to report on a rendered scene, without a download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oddframe import catalog
from oddframe.cli.app import app, stderr, stdout
from oddframe.cli.options import Cache

if TYPE_CHECKING:
    from oddframe.demo import Demo


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for pictures and the detector.")] = Path(
        "oddframe-demo"
    ),
    detector: Annotated[
        str, typer.Option("--detector", "-d", help=f"A preset: {', '.join(catalog.PRESETS)}.")
    ] = "default",
    size: Annotated[str, typer.Option(help="quick (4 minutes of video) or full (20 minutes).")] = "quick",
    cache: Cache = None,
) -> None:
    """Render a walkway, fit on it, and report what is found.

    Test clips show a cyclist, a runner, a loiterer and a bag that is left behind. Nothing is downloaded.
    """
    from oddframe.cli.progress import reporting
    from oddframe.demo import run_demo

    with reporting() as run:
        made = run_demo(output, detector, size, run, cache=cache)
    _print_figures(made, detector)
    _print_events(made)
    speed = f"{made.seconds:.0f} s ({made.frames / made.seconds:.0f} frames/s)"
    stderr().print(f"rendered, fitted and scored {made.frames} frames in {speed}")
    stderr().print(f"wrote {', '.join(map(str, made.written))}", markup=False)


def _print_figures(made: Demo, detector: str) -> None:
    from rich.table import Table

    table = Table("frame AUROC, all test clips joined", "", box=None, title_justify="left")
    table.add_row(f"oddframe ({detector})", f"{made.results.auroc:.3f}", style="bold")
    for kind, value in made.results.kinds.items():
        table.add_row(f"  {kind} against normal frames", f"{value:.3f}")
    for rule, value in made.results.rules.items():
        table.add_row(f"without training: {rule}", f"{value:.3f}", style="dim")
    stdout().print(table)


def _print_events(made: Demo) -> None:
    from rich.table import Table

    from oddframe.types import clock

    table = Table("video", "event", "from", "to", "score", "what is there", box=None)
    for clip, timeline in zip(made.split.test, made.timelines, strict=True):
        for number, event in enumerate(timeline.events, 1):
            span, kinds = (clock(event.start_time), clock(event.end_time)), made.kinds_at(clip, event)
            table.add_row(clip.info.id, str(number), *span, f"{event.score:.2f}", ", ".join(kinds) or "a false alarm")
    stdout().print()
    stdout().print(table)
    hit, there, boxed = made.found()
    stdout().print(f"\n{hit} of {there} anomalies were found; the box was right for {boxed:.0%} of those.")
