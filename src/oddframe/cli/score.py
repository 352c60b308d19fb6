"""`oddframe score`: say where and when video is odd."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from oddframe.cli.app import FAILED, app, complain, stdout
from oddframe.cli.options import Device, Fps, Videos, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.detector import Detector
from oddframe.errors import SpecError
from oddframe.types import Run, Timeline
from oddframe.video import Video


@app.command()
def score(
    context: typer.Context,
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one object a video.")] = False,
    fps: Fps = None,
    device: Device = "cpu",
) -> None:
    """Score VIDEOS with a fitted DETECTOR: higher = odder. A video that fails is reported, and the others go on."""
    loaded, failures, table = Detector.load(detector), _Failures(context.obj), _table()
    found = read_videos(videos, fps, failures)
    try:
        with reporting(len(found), device) as run:
            for timeline in _scored(loaded, found, run, failures):
                if as_json:
                    print(json.dumps(as_object(timeline)), flush=True)  # noqa: T201
                else:
                    _add(table, timeline)
    finally:  # an interrupted night still shows what it has found
        if table.row_count:
            stdout().print(table)
    if failures.count:
        raise typer.Exit(FAILED)


class _Failures:
    """Reports each at once, and counts them."""

    def __init__(self, debug: bool) -> None:
        self.count = 0
        self._debug = debug

    def __call__(self, error: Exception, about: str = "") -> None:
        complain(error, self._debug, about)
        self.count += 1


def as_object(timeline: Timeline) -> dict[str, Any]:
    """What `--json` prints of a video; a frame that is not scorable has the score null."""
    return {
        "video": timeline.info.id,
        "fps": float(timeline.info.fps),
        "frames": timeline.info.frames,
        "scores": [None if math.isnan(value) else value for value in timeline.scores.tolist()],
        "events": [asdict(event) for event in timeline.events],
        "threshold": timeline.threshold,
        "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in timeline.reasons],
    }


def _scored(detector: Detector, videos: list[Video], run: Run, failures: _Failures) -> Iterator[Timeline]:
    for video in videos:
        try:
            yield detector.score(video, run)
        except SpecError:  # the detector's fault, so every video's
            raise
        except Exception as error:  # even a defect, met in one video, must not cost the others
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


def clock(seconds: float) -> str:
    """Seconds as people write times.

    >>> clock(3725.26)
    '1:02:05.3'
    """
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
