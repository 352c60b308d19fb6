"""`oddframe info`: what a detector is, what a video is, and what there is to choose from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from oddframe import catalog
from oddframe.bench import PROTOCOLS
from oddframe.cli.app import app, stdout
from oddframe.cli.options import Fps, read_videos
from oddframe.engine.detector import Detector
from oddframe.engine.store import is_detector


@app.command()
def info(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A saved detector, or videos; nothing lists what there is to choose from.", show_default=False
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count a video's frames, which reads all of it.")] = False,
    fps: Fps = None,
) -> None:
    """Describe a saved detector or videos; without arguments, list all that there is to choose from."""
    if not what:
        _print_catalog()
    elif len(what) == 1 and is_detector(Path(what[0])):
        stdout().print_json(json.dumps(Detector.load(what[0]).info()))
    else:
        _print_videos(what, fps, count)


def _print_catalog() -> None:
    console = stdout()
    presets = Table("preset", "observer", "model", "its paper's protocol", box=None)
    for name, preset in catalog.PRESETS.items():
        presets.add_row(name, preset.observer, preset.model, preset.protocol)
    console.print(presets)
    protocols = Table("protocol", "", box=None)
    for title, protocol in PROTOCOLS.items():
        protocols.add_row(title, protocol.sentence())
    console.print()
    console.print(protocols)
    for kind in ("observer", "model", "backbone", "dataset"):
        table = Table(kind, "", box=None)
        for listed in catalog.describe(kind):
            table.add_row(listed.name, listed.summary)
            for setting, words in listed.settings.items():
                table.add_row("", f"  {setting}: {words}", style="dim")
        console.print()
        console.print(table)


def _print_videos(sources: list[str], fps: str | None, count: bool) -> None:
    table = Table("video", "size", "fps", "frames", box=None)
    for video in read_videos(sources, fps):
        rate = f"{float(video.info.fps):g}" + (" (assumed)" if video.fps_assumed else "")
        believed = "unknown" if video.hint is None else f"about {video.hint}"
        frames = str(video.count()) if count else believed
        table.add_row(video.info.id, f"{video.info.width} x {video.info.height}", rate, frames)
    stdout().print(table)
