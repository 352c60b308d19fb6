"""`oddframe fit`: learn what is normal."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from oddframe import catalog
from oddframe.cli.app import app, stderr
from oddframe.cli.options import (
    AllowFetch,
    Cache,
    Checkpoints,
    Device,
    Fps,
    Join,
    Limit,
    Log,
    Precise,
    Strict,
    Videos,
    Workers,
    read_settings,
    read_videos,
)


@app.command()
def fit(
    videos: Videos,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to save the detector in.")],
    detector: Annotated[
        str, typer.Option("--detector", "-d", help=f"A preset: {', '.join(catalog.PRESETS)}.")
    ] = "default",
    observer: Annotated[str | None, typer.Option(help="Replaces the preset's observer.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Replaces the preset's model.", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting, as model.k=3, observer.embedding=0 or scoring.alarm_rate=0.001."),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture: white = look, black = ignore (a clock, a tree).", show_default=False)
    ] = None,
    fps: Fps = None,
    strict: Strict = False,
    join: Join = False,
    limit: Limit = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="A table video,label (normal or abnormal), for weak supervision.", show_default=False),
    ] = None,
    holdout: Annotated[float, typer.Option(help="Share of the video held out for the threshold.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Chooses what is held out.")] = 0,
    folds: Annotated[
        int, typer.Option(help="2 or more hold out all video in turn, by as many trainings, for a better threshold.")
    ] = 1,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    precision: Precise = "auto",
    checkpoints: Checkpoints = None,
    log: Log = None,
    allow_fetch: AllowFetch = False,
) -> None:
    """Learn what is normal, and save a detector.

    Takes normal VIDEOS; with --labels, labelled ones for weak supervision.
    """
    from oddframe import Detector
    from oddframe.cli.progress import reporting
    from oddframe.datasets.formats.label_list import read_label_list
    from oddframe.engine.store import check_target
    from oddframe.training.devices import is_first

    check_target(output)  # before the long work, not after it
    made = Detector(
        detector,
        observer=observer,
        model=model,
        mask=mask,
        settings=read_settings(settings),
        allow_fetch=allow_fetch,
    )
    told = None if labels is None else read_label_list(labels)
    found = read_videos(videos, fps, strict=strict, join=join, limit=limit)
    began = perf_counter()
    with reporting(len(found), device, precision=precision, checkpoints=checkpoints, log=log, workers=workers) as run:
        made.fit(found, run, cache=cache, labels=told, holdout=holdout, seed=seed, folds=folds, strict=strict)
    if not is_first():
        return  # of several processes that train together, one saves
    made.save(output)
    calibration = made.calibration
    threshold = "no threshold" if calibration.threshold is None else f"threshold {calibration.threshold:.4g}"
    stderr().print(f"fitted on {len(found)} videos in {perf_counter() - began:.0f} s, {threshold}; saved to {output}")
