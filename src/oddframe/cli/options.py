"""Options that several commands share, and how times, boxes and settings are read from text.

Nothing heavy is imported here: help must be quick.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from oddframe.errors import SettingsError, VideoError

if TYPE_CHECKING:
    from oddframe.video import Video

Videos = Annotated[
    list[str],
    typer.Argument(help="Video files, folders of pictures, folders of these, or quoted patterns.", show_default=False),
]

Fps = Annotated[
    str | None,
    typer.Option(
        "--fps",
        help="Frames a second, where the files do not say (folders of pictures, .mjpeg, .h264: 25 is assumed).",
        show_default=False,
    ),
]

Starts = Annotated[
    str | None,
    typer.Option(
        "--starts",
        help="How file names tell when a recording starts, as %Y-%m-%d_%H-%M-%S; events then have dates and times.",
        show_default=False,
    ),
]

Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse to begin where a video cannot be read; else the others are used.")
]

Join = Annotated[
    bool,
    typer.Option(
        "--join",
        help="The videos of a folder or a pattern, and all files that are named, are segments of one recording each.",
    ),
]

Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", help="What a file may take, as pixels=2e8, array=4e9 (bytes) or frames=1e8.", show_default=False
    ),
]

Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        help="The folder where observations are stored, so that no video is observed twice in the same way "
        "(default: the user's cache folder).",
        show_default=False,
    ),
]

AllowFetch = Annotated[
    bool, typer.Option("--allow-fetch", help="Fetch weights that are not on this machine from the network.")
]

AllowFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-files",
        help="A file or folder outside the weights folder that the detector may read weights from; may be repeated.",
        show_default=False,
    ),
]

Workers = Annotated[int, typer.Option("--workers", min=1, help="Videos observed at once, each in its own process.")]


def _usable(device: str) -> str:
    """Refuse at once what torch would refuse in the middle of the work."""
    if device == "cpu":
        return device
    import torch

    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise SettingsError(f"--device {device}: cannot be used here ({reason}); cpu always can") from error
    return device


Device = Annotated[str, typer.Option("--device", help="A torch device: cpu, cuda, cuda:1, mps.", callback=_usable)]

Precise = Annotated[
    Literal["auto", "float32", "bf16"],
    typer.Option("--precision", help="Of training; auto is bf16 on a GPU that computes in it, else float32."),
]

Checkpoints = Annotated[
    Path | None,
    typer.Option(
        "--checkpoints",
        help="A folder where training stores its state, and from which it goes on after an interruption.",
        show_default=False,
    ),
]

Log = Annotated[
    Path | None,
    typer.Option("--log", help="A folder for the losses of training, to be shown by TensorBoard.", show_default=False),
]


def read_settings(pairs: Sequence[str] | None) -> dict[str, str]:
    """Read `["model.k=3"]` as `{"model.k": "3"}`.

    Raises:
        SettingsError: not of that form.
    """
    found = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set {pair}: write NAME=VALUE, as model.k=3")
        found[name.strip()] = value.strip()
    return found


def read_videos(
    sources: Sequence[str],
    fps: str | None,
    failed: Callable[[VideoError], None] | None = None,
    *,
    strict: bool = False,
    join: bool = False,
    limit: Sequence[str] | None = None,
    starts: str | None = None,
) -> list[Video]:
    """Find the videos that the arguments name, and say where their frame rate had to be assumed.

    Args:
        sources: the arguments.
        fps: the option.
        failed: called with the error of each source that cannot be searched, and videos are opened later; None = all
            are opened, and those that cannot be read are left out, with a warning each.
        strict, join, limit, starts: the options.
    """
    from oddframe.engine.usable import usable_videos
    from oddframe.video import find_videos
    from oddframe.video.limits import Limits

    limits = Limits.parse(list(limit or ()))
    if failed is None or strict:
        found = usable_videos(list(sources), fps, strict=strict, join=join, limits=limits, starts=starts)
    else:
        found = find_videos(list(sources), fps=fps, failed=failed, join=join, limits=limits, starts=starts)
    _say_assumed(found)
    return found


def _say_assumed(found: Sequence[Video]) -> None:
    from oddframe.cli.app import stderr
    from oddframe.errors import VideoError

    assumed = []
    for video in found:
        with suppress(VideoError):  # it is reported when it is read
            if video.fps_assumed:
                assumed.append(video)
    if assumed:
        first, more = assumed[0], f" and {len(assumed) - 1} more" if len(assumed) > 1 else ""
        text = f"{first.source}{more}: the frame rate is not stated, {float(first.info.fps):g} fps assumed"
        stderr().print(f"{text}; --fps corrects it", markup=False, soft_wrap=True)


def read_time(option: str, text: str) -> float:
    """Read seconds, or a time as `clock` writes it.

    >>> [read_time("--to", text) for text in ("64.5", "1:04.5", "1:02:05")]
    [64.5, 64.5, 3725.0]

    Raises:
        SettingsError: anything else; the message names the option.
    """
    from oddframe.types import read_clock

    try:
        return float(read_clock(text))
    except ValueError as error:
        raise SettingsError(f"{option} {error}") from None


def read_box(text: str) -> tuple[float, float, float, float]:
    """Read four numbers with commas between them.

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
