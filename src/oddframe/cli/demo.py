"""`oddframe demo`: the whole line on a rendered scene, without a download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from oddframe import catalog
from oddframe.cli.app import app, stderr
from oddframe.cli.demo_pictures import truth_runs, write_pictures
from oddframe.cli.demo_results import Results, measure
from oddframe.cli.options import Cache
from oddframe.cli.progress import reporting
from oddframe.cli.report import finish, page_of, room_of, write_report
from oddframe.cli.report_parts import Watched, part_of, watched_each
from oddframe.cli.times import clock
from oddframe.datasets.synthetic import Split, benchmark
from oddframe.engine.detector import Detector
from oddframe.engine.keeping import Witness
from oddframe.files import storing
from oddframe.observers.tracking import intersection_over_union
from oddframe.types import Timeline


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
    """Render a walkway, fit on its normal clips, and report on clips with a cyclist, a runner, a loiterer and a bag."""
    split, made = benchmark(size), Detector(detector)
    with storing(output, "choose another folder with --output"):
        output.mkdir(parents=True, exist_ok=True)
    began = perf_counter()
    with reporting(len(split.fit) + len(split.test)) as run:
        made.fit(split.fit, run, cache=cache)
        witness = Witness.of(made)
        seen = list(watched_each(witness, split.test, run))
        timelines = [one.timeline for one in seen]
        seconds = perf_counter() - began
        results = measure(split.test, timelines, run)
    made.save(output / "walkway.oddframe")
    written = [*write_pictures(output, split.test, timelines), _write_report(output, witness, split, seen)]
    _print_figures(detector, results)
    _print_events(split, timelines)
    frames = sum(clip.scene.frames for clip in (*split.fit, *split.test))
    stderr().print(f"rendered, fitted and scored {frames} frames in {seconds:.0f} s ({frames / seconds:.0f} frames/s)")
    stderr().print(f"wrote {', '.join(str(path) for path in written)} and {output / 'walkway.oddframe'}")


def _write_report(folder: Path, witness: Witness, split: Split, seen: Sequence[Watched]) -> Path:
    """The same as `oddframe report` would write, from what was scored already."""
    truth, room = {clip.info.id: truth_runs(clip) for clip in split.test}, room_of(10)
    parts = [part_of(witness, one, truth=truth, limit=room // len(seen), videos=len(seen)) for one in seen]
    return write_report(folder, page_of(witness.detector, "A rendered walkway", finish(parts, split.fit, room)))


def _print_figures(detector: str, results: Results) -> None:
    table = Table("frame AUROC, all test clips joined", "", box=None, title_justify="left")
    table.add_row(f"oddframe ({detector})", f"{results.auroc:.3f}", style="bold")
    for kind, value in results.kinds.items():
        table.add_row(f"  {kind} against normal frames", f"{value:.3f}")
    for rule, value in results.rules.items():
        table.add_row(f"without training: {rule}", f"{value:.3f}", style="dim")
    Console(highlight=False).print(table)


def _print_events(split: Split, timelines: list[Timeline]) -> None:
    table = Table("video", "event", "from", "to", "score", "what is there", box=None)
    for clip, timeline in zip(split.test, timelines, strict=True):
        for number, event in enumerate(timeline.events, 1):
            kinds = sorted({box.kind for boxes in clip.boxes[event.start : event.end] for box in boxes})
            span = clock(event.start_time), clock(event.end_time)
            table.add_row(
                clip.info.id, str(number), *span, f"{event.score:.2f}", ", ".join(kinds) or "[dim]nothing odd[/]"
            )
    Console(highlight=False).print()
    Console(highlight=False).print(table)
    found = _found(split, timelines)
    Console(highlight=False).print(f"\n{found[0]} of {found[1]} events were found; box on {found[2]:.0%} of those.")


def _found(split: Split, timelines: list[Timeline]) -> tuple[int, int, float]:
    """Events of the truth that some detected event overlaps, all of them, and the share whose box was hit."""
    there, hit, boxed = 0, 0, 0
    for clip, timeline in zip(split.test, timelines, strict=True):
        tracks = {box.track for boxes in clip.boxes for box in boxes}
        for track in tracks:
            own = {i: b.box for i, boxes in enumerate(clip.boxes) for b in boxes if b.track == track}
            events = [e for e in timeline.events if own.keys() & set(range(e.start, e.end))]
            there, hit = there + 1, hit + bool(events)
            boxed += any(
                e.box
                and e.peak in own
                and intersection_over_union(np.array([e.box]), np.array([own[e.peak]])).item() > 0.1
                for e in events
            )
    return hit, there, boxed / max(hit, 1)
