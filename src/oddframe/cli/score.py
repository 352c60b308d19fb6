"""`oddframe score`: say where and when video is odd."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.table import Table

from oddframe.cli.app import FAILED, Failures, app, saying_once, stdout
from oddframe.cli.explain import explained_events, in_words
from oddframe.cli.options import Cache, Device, Fps, Videos, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.detector import Detector
from oddframe.engine.explain import Explained
from oddframe.errors import SettingsError, SpecError, VideoError
from oddframe.models.explaining import Explaining
from oddframe.report.event_files import EventFiles, stamp
from oddframe.types import Run, Timeline, clock
from oddframe.video import Video

Explain: TypeAlias = Callable[[Video, Timeline], list[Explained | None]]


@app.command()
def score(
    context: typer.Context,
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one object a video.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each event's peak has its score; looks at the video once more.")
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option(help="A folder for events.json, events.csv and a clip of each event.", show_default=False),
    ] = None,
    fps: Fps = None,
    cache: Cache = None,
    device: Device = "cpu",
) -> None:
    """Score VIDEOS with a fitted DETECTOR: higher = odder. A video that fails is reported, and the others go on."""
    loaded, failures, table = Detector.load(detector), Failures(context.obj.debug), _table()
    if explain and not isinstance(loaded.model, Explaining):
        raise SettingsError(f"--explain: model {loaded.model.name!r} cannot explain its scores")
    files = None if events is None else EventFiles(events, loaded.calibration)
    found, blocks = read_videos(videos, fps, failures), list[Iterator[str]]()
    try:
        with reporting(len(found), device) as run, saying_once(loaded):
            why = partial(explained_events, loaded, cache, run) if explain else None
            for timeline, told in _scored(loaded, found, run, failures, why, files):
                if as_json:
                    print(json.dumps(as_object(timeline, told)), flush=True)  # noqa: T201
                else:
                    _add(table, timeline)
                    blocks += [in_words(number, timeline, one) for number, one in enumerate(told or ())]
    finally:  # an interrupted night still shows what it has found
        if table.row_count:
            stdout().print(table)
        for line in chain.from_iterable(blocks):
            stdout().print(line, soft_wrap=True)
    if failures.count:
        raise typer.Exit(FAILED)


def as_object(timeline: Timeline, why: Sequence[Explained | None] | None = None) -> dict[str, Any]:
    """What `--json` prints of a video; a frame that is not scorable has the score null.

    Args:
        timeline: of the video.
        why: its events' explanations; None = they are not printed.
    """
    told = {} if why is None else {"explanations": [None if one is None else one.to_json() for one in why]}
    return {
        "video": timeline.info.id,
        "fps": float(timeline.info.fps),
        "frames": timeline.info.frames,
        "scores": [None if math.isnan(value) else value for value in timeline.scores.tolist()],
        "events": [asdict(event) for event in timeline.events],
        "threshold": timeline.threshold,
        "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in timeline.reasons],
        **told,
    }


def _scored(
    detector: Detector,
    videos: list[Video],
    run: Run,
    failures: Failures,
    explain: Explain | None,
    files: EventFiles | None,
) -> Iterator[tuple[Timeline, list[Explained | None] | None]]:
    for video in videos:
        try:
            before = stamp(video)
            timeline = detector.score(video, run)
            why = None if explain is None else explain(video, timeline)
        except SpecError:  # the detector's fault, so every video's
            raise
        except Exception as error:  # even a defect, met in one video, must not cost the others
            failures(error, video.source)
            continue
        yield timeline, why
        if files is not None:
            try:
                files.add(video, timeline, before)
            except VideoError as error:  # it was scored, and the others still can be
                failures(error, video.source)


def _table() -> Table:
    table = Table("video", "frames", "not scorable", "event", "from", "to", "peak", "score", "box", box=None)
    table.columns[0].overflow = "fold"  # a name that is cut is no name
    return table


def _add(table: Table, timeline: Timeline) -> None:
    frames, lost = timeline.info.frames or 0, int((~timeline.valid).sum())
    first = [timeline.info.id, str(frames), str(lost) if lost else "-"]
    for number, event in enumerate(timeline.events, 1):
        box = "-" if event.box is None else " ".join(f"{edge:.0f}" for edge in event.box)
        times = [clock(seconds) for seconds in (event.start_time, event.end_time, event.peak_time)]
        table.add_row(*first, str(number), *times, f"{event.score:.3g}", box)
        first = ["", "", ""]
    if not timeline.events:
        table.add_row(*first, "-" if timeline.threshold is not None else "no threshold")
