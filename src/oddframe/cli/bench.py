"""`oddframe bench`: measure detectors on a data set, with the protocol beside every figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oddframe import catalog
from oddframe.cli.app import app, stderr, stdout
from oddframe.cli.options import (
    AllowFetch,
    AllowFiles,
    Cache,
    Checkpoints,
    Device,
    Log,
    Precise,
    Workers,
    read_settings,
)

if TYPE_CHECKING:
    from oddframe.bench import Results


@app.command()
def bench(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help=f"One of {', '.join(catalog.DATASETS)}.", show_default=False)],
    detectors: Annotated[
        list[str] | None,
        typer.Option(
            "--detector", "-d", help="A preset, OBSERVER+MODEL, or the folder of a saved detector; may be repeated."
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="The folder with the data set (./DATASET, if not given).", show_default=False)
    ] = None,
    protocols: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            help=f"{', '.join(catalog.PROTOCOLS)}; may be repeated (default: the first detector's). "
            "causal is always added.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The folder for results (./bench-DATASET, if not given).", show_default=False
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the data set or of all detectors, as dataset.size=full or model.k=3."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the detectors, the hold-out and the intervals.")] = 0,
    cache: Cache = None,
    device: Device = "cpu",
    workers: Workers = 1,
    precision: Precise = "auto",
    checkpoints: Checkpoints = None,
    log: Log = None,
    allow_fetch: AllowFetch = False,
    allow_files: AllowFiles = None,
) -> None:
    """Measure detectors on a data set, under stated protocols.

    Fits them on the training split and scores the test split. A run that was interrupted goes on where it was.
    Writes results.json, results.md, ROC and score curves.
    """
    from oddframe.bench import run_bench
    from oddframe.cli.progress import reporting

    folder = output or Path(f"bench-{dataset}")
    with reporting(None, device, precision=precision, checkpoints=checkpoints, log=log, workers=workers) as run:
        outcome = run_bench(
            dataset,
            detectors or ["default"],
            folder,
            run,
            root=root,
            protocols=protocols or (),
            settings=read_settings(settings),
            seed=seed,
            cache=cache,
            command=str(context.obj),
            allow_fetch=allow_fetch,
            allow_files=allow_files or (),
        )
    _print(outcome.results)
    stderr().print(f"wrote {', '.join(outcome.written)} to {folder}", markup=False)


def _print(results: Results) -> None:
    from oddframe.bench.markdown import cost_table, figures_table, places_table

    for one in results.protocols:
        _show(
            f"{results.circumstances.dataset['name']}, {one.title}: {one.sentence()}", figures_table(results, one.title)
        )
    _show("boxes as scored, alarms at the detector's own threshold", places_table(results))
    _show("cost of the model alone, over observations that are already there", cost_table(results))
    told = results.circumstances
    versions = ", ".join(f"{name} {version}" for name, version in told.versions.items())
    stdout().print(f"seed {told.seed}; intervals 95 % over test videos; {versions}; {told.machine}\n{told.command}")


def _show(title: str, table: tuple[Any, list[list[str]]]) -> None:
    from rich.table import Table

    head, rows = table
    shown = Table(*head, box=None)
    for cells in rows:
        shown.add_row(*cells)
    stdout().print(title, style="bold")
    stdout().print(shown)
    stdout().print()
