"""`oddframe score`: find when and where video is anomalous."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oddframe.cli.app import Failures, app, stdout
from oddframe.cli.options import (
    AllowFetch,
    AllowFiles,
    Cache,
    Device,
    Fps,
    Join,
    Limit,
    Starts,
    Strict,
    Videos,
    Workers,
    read_videos,
)
from oddframe.errors import SettingsError
from oddframe.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from oddframe import Detector, Run, Timeline, Video
    from oddframe.engine.explain import Explained


@app.command()
def score(
    context: typer.Context,
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one object a video.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Explain the score of each event's peak.")] = False,
    events: Annotated[
        Path | None,
        typer.Option(help="A folder for events.json, events.csv and a clip of each event.", show_default=False),
    ] = None,
    fps: Fps = None,
    strict: Strict = False,
    join: Join = False,
    limit: Limit = None,
    starts: Starts = None,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Score VIDEOS with a fitted DETECTOR; higher = more anomalous.

    A video that fails is reported, and the others go on.
    """
    from oddframe import Detector
    from oddframe.cli.progress import reporting
    from oddframe.models.explaining import Explaining

    loaded = Detector.load(detector, allow_fetch=allow_fetch, allow_files=allow_files or ())
    failures = Failures(context.obj.debug)
    if explain and not isinstance(loaded.model, Explaining):
        raise SettingsError(f"--explain: model {loaded.model.name!r} cannot explain its scores")
    found = read_videos(videos, fps, failures, strict=strict, join=join, limit=limit, starts=starts)
    shown = _Shown(as_json)
    try:
        with reporting(len(found), device, workers=workers) as run:
            for timeline in _scored(loaded, found, run, cache, events, failures):
                if not explain:
                    shown.add(timeline)
                    continue
                (video,) = (video for video in found if video.info.id == timeline.info.id)
                try:
                    shown.add(timeline, loaded.explain_events(video, timeline, run, cache=cache))
                except Exception as error:  # even a defect, met in one video, must not cost the others
                    failures.of(video, error)
    finally:  # an interrupted night still shows what it has found
        shown.close()
    failures.leave()


def _scored(
    detector: Detector, videos: list[Video], run: Run, cache: Path | None, events: Path | None, failures: Failures
) -> Iterator[Timeline]:
    if not videos:
        return iter(())
    if events is None:
        return detector.score_each(videos, run, cache=cache, failed=failures.of)
    from oddframe.report.event_files import EventFiles

    files = EventFiles(events, detector.calibration)
    return files.each(detector, videos, run, cache=cache, failed=failures.of)


class _Shown:
    """Prints JSON at once, or a table and the explanations at the end."""

    def __init__(self, as_json: bool) -> None:
        self._table: Table | None = None if as_json else _table()
        self._lines: list[str] = []

    def add(self, timeline: Timeline, why: Sequence[Explained | None] | None = None) -> None:
        """One more video, with its events' explanations where they were asked for."""
        if self._table is None:
            told = {} if why is None else {"explanations": [None if one is None else one.to_json() for one in why]}
            print(json.dumps({**timeline.to_dict(), **told}), flush=True)  # noqa: T201
            return
        _add(self._table, timeline)
        for number, one in enumerate(why or ()):
            self._lines += _block(number, timeline, one)

    def close(self) -> None:
        """Print what has not been printed."""
        if self._table is not None and self._table.row_count:
            stdout().print(self._table)
        for line in self._lines:
            stdout().print(line, soft_wrap=True)


def _block(number: int, timeline: Timeline, why: Explained | None) -> Iterator[str]:
    """The lines of one event's explanation."""
    from oddframe.types import clock

    event = timeline.events[number]
    yield f"{timeline.info.id}, event {number + 1}, {clock(event.start_time)} to {clock(event.end_time)}:"
    for line in ["nothing is seen in the frame of its peak"] if why is None else why.in_words():
        yield f"  {line}"


def _table() -> Table:
    from rich.table import Table

    table = Table("video", "frames", "not scorable", "event", "from", "to", "peak", "score", "box", box=None)
    table.columns[0].overflow = "fold"  # a name that is cut is no name
    return table


def _add(table: Table, timeline: Timeline) -> None:
    from oddframe.types import clock

    frames, lost = timeline.info.frames or 0, int((~timeline.valid).sum())
    first = [printable(timeline.info.id), str(frames), str(lost) if lost else "-"]
    for number, event in enumerate(timeline.events, 1):
        box = "-" if event.box is None else " ".join(f"{edge:.0f}" for edge in event.box)
        times = [clock(seconds) for seconds in (event.start_time, event.end_time, event.peak_time)]
        table.add_row(*first, str(number), *times, f"{event.score:.3g}", box)
        first = ["", "", ""]
    if not timeline.events:
        table.add_row(*first, "-" if timeline.threshold is not None else "no threshold")
