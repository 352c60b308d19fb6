"""`oddframe score`: say where and when video is odd."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from oddframe.cli.app import FAILED, app, complain
from oddframe.cli.options import Device, Fps, Videos, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.detector import Detector
from oddframe.errors import OddframeError
from oddframe.types import Run, Timeline
from oddframe.video import Video


@app.command()
def score(
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one object a video.")] = False,
    fps: Fps = None,
    device: Device = "cpu",
) -> None:
    """Score VIDEOS with a fitted DETECTOR: higher = odder. A video that fails is reported, and the others go on."""
    loaded = Detector.load(detector)
    found = read_videos(videos, fps)
    failures = 0
    timelines = []
    with reporting(len(found), device) as run:
        for timeline in _scored(loaded, found, run):
            if isinstance(timeline, OddframeError):
                complain(timeline)
                failures += 1
            elif as_json:
                print(json.dumps(as_object(timeline)), flush=True)  # noqa: T201
            else:
                timelines.append(timeline)
    if not as_json and timelines:
        _print_table(timelines)
    if failures:
        raise typer.Exit(FAILED)


def as_object(timeline: Timeline) -> dict[str, Any]:
    """What `--json` prints of a video; a frame that is not scorable has the score null."""
    return {
        "video": timeline.info.id,
        "fps": float(timeline.info.fps),
        "frames": timeline.info.frames,
        "scores": [None if math.isnan(value) else round(value, 6) for value in timeline.scores.tolist()],
        "events": [asdict(event) for event in timeline.events],
        "threshold": timeline.threshold,
        "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in timeline.reasons],
    }


def _scored(detector: Detector, videos: list[Video], run: Run) -> Iterator[Timeline | OddframeError]:
    for video in videos:
        try:
            yield detector.score(video, run)
        except OddframeError as error:
            yield error


def _print_table(timelines: list[Timeline]) -> None:
    table = Table("video", "frames", "not scorable", "event", "from", "to", "peak", "score", "box", box=None)
    for timeline in timelines:
        frames, lost = timeline.info.frames or 0, int((~timeline.valid).sum())
        first = [timeline.info.id, str(frames), str(lost) if lost else "-"]
        for number, event in enumerate(timeline.events, 1):
            box = "-" if event.box is None else " ".join(f"{edge:.0f}" for edge in event.box)
            times = [clock(seconds) for seconds in (event.start_time, event.end_time, event.peak_time)]
            table.add_row(*first, str(number), *times, f"{event.score:.3g}", box)
            first = ["", "", ""]
        if not timeline.events:
            table.add_row(*first, "-" if timeline.threshold is not None else "no threshold")
    Console(highlight=False).print(table)


def clock(seconds: float) -> str:
    """Seconds as people write times.

    >>> clock(3725.26)
    '1:02:05.3'
    """
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
