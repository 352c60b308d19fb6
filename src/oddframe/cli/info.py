"""`oddframe info`: describe a saved detector or videos, and list what there is to choose from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from oddframe import catalog
from oddframe.cli.app import app, stdout
from oddframe.cli.options import AllowFetch, AllowFiles, Fps, read_videos
from oddframe.cli.quick import print_names
from oddframe.text import printable


@app.command()
def info(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A saved detector, videos, or a name out of the list; nothing prints the list.", show_default=False
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count a video's frames, which reads all of it.")] = False,
    fps: Fps = None,
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
        _print_videos(what, fps, count)


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


def _print_videos(sources: list[str], fps: str | None, count: bool) -> None:
    from rich.table import Table

    table = Table("video", "size", "fps", "frames", box=None)
    for video in read_videos(sources, fps):
        rate = f"{float(video.info.fps):g}" + (" (assumed)" if video.fps_assumed else "")
        believed = "unknown" if video.hint is None else f"about {video.hint}"
        frames = str(video.count()) if count else believed
        table.add_row(printable(video.info.id), f"{video.info.width} x {video.info.height}", rate, frames)
    stdout().print(table)
