"""Options that several commands share, and how they are read.

Times and boxes as people write them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer

from oddframe.errors import SettingsError, VideoError
from oddframe.types import Precision, read_clock
from oddframe.video import Video, find_videos

Videos = Annotated[
    list[str], typer.Argument(help="Files, frame folders, folders of these, or quoted patterns.", show_default=False)
]

Fps = Annotated[
    str | None,
    typer.Option(
        "--fps", help="Frames a second, where the files do not say (frame folders: 25 is assumed).", show_default=False
    ),
]

Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Where observations are kept (the user's cache folder, if not given).", show_default=False
    ),
]


def _usable(device: str) -> str:
    """Refuse at once what torch would refuse in the middle of the work."""
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise SettingsError(f"--device {device}: cannot be used here ({reason}); cpu always can") from error
    return device


Precise = Annotated[
    Precision, typer.Option("--precision", help="Of training; auto is bf16 where a GPU computes in it, else float32.")
]

Checkpoints = Annotated[
    Path | None,
    typer.Option(
        "--checkpoints",
        help="A folder in which training keeps its state, and from which it goes on after an interruption.",
        show_default=False,
    ),
]

Log = Annotated[
    Path | None,
    typer.Option("--log", help="A folder for the losses of training, as TensorBoard shows them.", show_default=False),
]

Workers = Annotated[int, typer.Option("--workers", min=1, help="Videos observed at once, each in its own process.")]

Device = Annotated[str, typer.Option("--device", help="A torch device: cpu, cuda, cuda:1, mps.", callback=_usable)]


def read_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Read `["model.k=3"]` as `{"model.k": "3"}`.

    Raises:
        SettingsError: not of that form.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set {pair}: write NAME=VALUE, as model.k=3")
        found[name.strip()] = value.strip()
    return found


def read_videos(
    sources: Sequence[str], fps: str | None, failed: Callable[[VideoError], None] | None = None
) -> list[Video]:
    """The videos that the arguments name; with `failed`, those that can be read, and it is told of the others."""
    return find_videos(list(sources), fps=fps, failed=failed)


def read_time(option: str, text: str) -> float:
    """Seconds, from seconds or from what `clock` writes.

    >>> [read_time("--to", text) for text in ("64.5", "1:04.5", "1:02:05")]
    [64.5, 64.5, 3725.0]

    Raises:
        SettingsError: anything else; the message names the option.
    """
    try:
        return float(read_clock(text))
    except ValueError as error:
        raise SettingsError(f"{option} {error}") from None


def read_box(text: str) -> tuple[float, float, float, float]:
    """Four numbers between commas.

    Raises:
        SettingsError: anything else.

    >>> read_box("10,20,30,40")
    (10.0, 20.0, 30.0, 40.0)
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"--box {text}: write x0,y0,x1,y1 in pixels") from error
    return x0, y0, x1, y1
