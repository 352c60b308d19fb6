"""`oddframe demo`: the whole line on a rendered scene, without a download.

The pictures that the demo writes.

What the demo measures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from oddframe import catalog
from oddframe.cli.app import app, stderr
from oddframe.cli.options import Cache
from oddframe.cli.progress import reporting
from oddframe.cli.report import finish, page_of, room_of, write_report
from oddframe.draw import Highlight, annotate_event, hero, plot_timelines
from oddframe.engine.detector import Detector
from oddframe.engine.explainer import Witness
from oddframe.files import storing
from oddframe.metrics.frame import auroc
from oddframe.observers.tracking import intersection_over_union
from oddframe.report.watched import Watched, part_of, watched_each
from oddframe.types import Event, FloatArray, Progress, Run, Timeline, clock
from oddframe.video import write_image
from oddframe.walkway import KINDS, Split, SyntheticClip, benchmark, rule_scores


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


def _print_figures(detector: str, results: DemoFigures) -> None:
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


Runs = list[tuple[int, int, str]]


def write_pictures(folder: Path, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]) -> list[Path]:
    """Write the score plot, every event's frame and, if something was found, the wide picture of it all."""
    truth = {clip.info.id: truth_runs(clip) for clip in clips}
    (folder / "events").mkdir(exist_ok=True)
    written = [folder / "scores.png"]
    write_image(written[0], plot_timelines(timelines, truth))
    for clip, timeline in zip(clips, timelines, strict=True):
        for number, event in enumerate(timeline.events, 1):
            picture = annotate_event(clip.frame_at(event.peak).image, timeline, event, beside=timelines)
            write_image(folder / "events" / f"{clip.info.id}-{number}.png", picture)
            written[1:] = [folder / "events"]
    moments = [_moment(kind, clips, timelines) for kind in KINDS]
    shown = [moment for moment in moments if moment is not None]
    if shown:
        written.append(folder / "demo.png")
        write_image(written[-1], hero(shown, timelines, truth))
    return written


def truth_runs(clip: SyntheticClip) -> Runs:
    """The clip's events as runs of frames, each with its kind."""
    seen: dict[int, tuple[int, int, str]] = {}
    for frame, boxes in enumerate(clip.boxes):
        for box in boxes:
            first = seen.get(box.track, (frame, frame, box.kind))[0]
            seen[box.track] = (first, frame + 1, box.kind)
    return sorted(seen.values())


def _moment(kind: str, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]) -> Highlight | None:
    """The highest event of a kind whose box lies on what is odd."""
    found = max(_hits(kind, clips, timelines), key=lambda hit: hit[2].score, default=None)
    if found is None:
        return None
    clip, timeline, event = found
    return Highlight(clip.frame_at(event.peak).image, timeline, event, kind)


def _hits(
    kind: str, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]
) -> Iterator[tuple[SyntheticClip, Timeline, Event]]:
    for clip, timeline in zip(clips, timelines, strict=True):
        for event in timeline.events:
            if any(box.kind == kind and _centred(event, box.box) for box in clip.boxes[event.peak]):
                yield clip, timeline, event


def _centred(event: Event, box: tuple[float, float, float, float]) -> bool:
    if event.box is None:
        return False
    x, y = (event.box[0] + event.box[2]) / 2, (event.box[1] + event.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """Frame AUROC over the scorable frames of all test clips joined, scores as they are.

    Args:
        auroc: of the detector.
        kinds: of the detector, by kind of event, against the frames without any event.
        rules: of rules that need no training.
    """

    auroc: float
    kinds: Mapping[str, float]
    rules: Mapping[str, float]


def measure(clips: Sequence[SyntheticClip], timelines: Sequence[Timeline], run: Run) -> DemoFigures:
    """The detector's figures and, on the same frames, those of the rules."""
    valid = np.concatenate([timeline.valid for timeline in timelines])
    odd = np.concatenate([clip.labels for clip in clips])[valid]
    scores = np.concatenate([timeline.scores for timeline in timelines])[valid]
    kinds = {}
    for kind in KINDS:
        shown = np.concatenate([[any(b.kind == kind for b in boxes) for boxes in clip.boxes] for clip in clips])[valid]
        among = shown | ~odd
        kinds[kind] = auroc(scores[among], shown[among])
    rules = {rule: auroc(found[valid], odd) for rule, found in _by_rule(clips, run).items()}
    return DemoFigures(auroc(scores, odd), kinds, rules)


def _by_rule(clips: Sequence[SyntheticClip], run: Run) -> dict[str, FloatArray]:
    found: dict[str, list[FloatArray]] = defaultdict(list)
    for done, clip in enumerate(clips):
        run.progress(Progress("rules without training", done, len(clips), "clips"))
        for rule, scores in rule_scores(clip.images()).items():
            found[rule].append(scores)
    return {rule: np.concatenate(scores) for rule, scores in found.items()}
