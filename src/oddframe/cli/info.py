"""`oddframe info`: describe a saved detector or videos, and list what there is to choose from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oddframe import catalog
from oddframe.cli.app import Failures, app, stdout
from oddframe.cli.options import AllowFetch, AllowFiles, Fps, Join, Limit, Starts, read_videos
from oddframe.cli.quick import print_names
from oddframe.errors import VideoError
from oddframe.text import printable

if TYPE_CHECKING:
    from oddframe.types import VideoInfo
    from oddframe.video import Video


@app.command()
def info(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A saved detector, videos, or a name out of the list; nothing prints the list.", show_default=False
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count a video's frames, which reads all of it.")] = False,
    fps: Fps = None,
    join: Join = False,
    limit: Limit = None,
    starts: Starts = None,
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Describe a saved detector, videos or a name, or list all names."""
    if not what:
        print_names()
        return
    from oddframe.engine.store import is_detector

    if len(what) == 1 and is_detector(Path(what[0])):
        from oddframe import Detector

        loaded = Detector.load(what[0], allow_fetch=allow_fetch, allow_files=allow_files or ())
        stdout().print_json(json.dumps(loaded.info()))
    elif len(what) == 1 and not Path(what[0]).exists() and catalog.kinds_of(what[0]):
        _print_name(what[0])
    else:
        failures = Failures(context.obj.debug)
        _print_videos(read_videos(what, fps, failures, join=join, limit=limit, starts=starts), count, failures)
        failures.leave()


def _print_name(name: str) -> None:
    """Everything of that name: a preset may be called as its model is."""
    if name in catalog.PRESETS:
        _print_preset(name)
    if name in catalog.PROTOCOLS:
        from oddframe.bench import PROTOCOLS

        stdout().print(f"protocol {name}: {PROTOCOLS[name].sentence()}")
    for kind, names in catalog.all_names().items():
        if name in names:
            listed = catalog.described(kind, name)
            stdout().print(f"{kind} {name}: {listed.summary}", style="bold")
            for setting, words in listed.settings.items():
                stdout().print(f"  {setting}: {words}")


def _print_preset(name: str) -> None:
    chosen = catalog.preset(name)
    stdout().print(f"preset {name}: observer {chosen.observer}, model {chosen.model}", style="bold")
    stdout().print(f"  its paper's protocol: {chosen.protocol}")
    for part, settings in (("observer", chosen.observer_settings), ("model", chosen.model_settings)):
        for setting, value in settings.items():
            stdout().print(f"  {part}.{setting}: {value!r}")


def _print_videos(videos: list[Video], count: bool, failures: Failures) -> None:
    from rich.table import Table

    from oddframe.engine.usable import Saying

    headings = ("video", "size", "fps", "frames", "starts", "holes" if count else "")
    table, saying = Table(*headings, box=None), Saying()
    for video in videos:
        try:
            table.add_row(*_described(video, count))
            saying.of(video, video.levels)
        except VideoError as error:  # the others can still be described
            failures.of(video, error)
    if table.row_count:
        stdout().print(table)


def _described(video: Video, count: bool) -> tuple[str, ...]:
    rate = f"{float(video.info.fps):g}" + (" (assumed)" if video.fps_assumed else "")
    believed = "unknown" if video.hint is None else f"about {video.hint}"
    frames = str(video.count()) if count else believed
    info = video.info  # after counting, which finds the holes
    begins = "" if info.starts is None else f"{info.starts:%Y-%m-%d %H:%M:%S} {info.starts.tzname() or ''}".strip()
    size, holes = f"{info.width} x {info.height}", _holes(info) if count else ""
    return printable(info.id), size, rate, frames, begins, holes


def _holes(info: VideoInfo) -> str:
    from oddframe.types import clock

    if info.times is None:
        return "-"
    ends = [(info.times.end(start), info.times.begin(start)) for start in info.times.starts[1:]]
    return ", ".join(f"{clock(end)} to {clock(begin)}" for end, begin in ends) or "-"
