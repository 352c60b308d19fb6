"""`oddframe report`: show what a detector finds, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    read_videos,
)


@app.command()
def report(
    context: typer.Context,
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for report.html.")] = Path(
        "oddframe-report"
    ),
    normal: Annotated[
        list[str] | None,
        typer.Option("--normal", help="The videos that the detector learnt from, to show normal moments."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", help="Ground truth: a table video,start,end (times), or a folder with NAME.npy.", exists=True
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="The page's heading.", show_default=False)] = None,
    megabytes: Annotated[float, typer.Option("--megabytes", help="How large the page may be.")] = 10.0,
    fps: Fps = None,
    strict: Strict = False,
    join: Join = False,
    limit: Limit = None,
    starts: Starts = None,
    cache: Cache = None,
    device: Device = "cpu",
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Show what DETECTOR finds in VIDEOS, as one HTML file.

    It opens anywhere. A video that fails is listed, and the others go on.
    """
    from oddframe import Detector
    from oddframe.cli.progress import reporting
    from oddframe.report.write import room_of, write_report

    room_of(megabytes)  # before anything is read
    loaded = Detector.load(detector, allow_fetch=allow_fetch, allow_files=allow_files or ())
    failures = Failures(context.obj.debug)
    found = read_videos(videos, fps, failures, strict=strict, join=join, limit=limit, starts=starts)
    with reporting(len(found), device) as run:
        path = write_report(
            loaded,
            found,
            output,
            run,
            normal=normal or None,
            truth=truth,
            title=title or f"Anomalies: {detector.resolve().stem}",
            megabytes=megabytes,
            fps=fps,
            cache=cache,
            failed=failures.of,
            unread=tuple(failures.errors),
            command=str(context.obj),
        )
    stdout().print(str(path), soft_wrap=True)
    failures.leave()
