"""`oddframe bench`: measure detectors on a data set, with the protocol beside every figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from oddframe import catalog
from oddframe.bench import PROTOCOLS, Bench, Protocol, protocol
from oddframe.bench.contestant import Contestant, contestant
from oddframe.bench.markdown import cost_table, figures_table, markdown, places_table
from oddframe.bench.pictures import write_pictures
from oddframe.bench.results import Results
from oddframe.bench.runner import Outcome
from oddframe.bench.scored import REMEDY
from oddframe.cli.app import app, stderr, stdout
from oddframe.cli.options import Cache, Checkpoints, Device, Log, Precise, Workers, read_settings
from oddframe.cli.progress import reporting
from oddframe.datasets.base import DataSet
from oddframe.errors import SettingsError
from oddframe.files import replace_durably, storing


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
            help=f"{', '.join(PROTOCOLS)}; may be repeated (default: the first detector's). causal is always added.",
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
) -> None:
    """Fit detectors on a data set's training split, score its test split, and tell every figure with its protocol.

    A run that was interrupted goes on where it was. Writes results.json, results.md, ROC and score curves.
    """
    given, of_data = _settings(settings or [])
    data = _dataset(dataset, root, of_data)
    folder = output or Path(f"bench-{dataset}")
    contestants = [contestant(title, data.medium, seed, given) for title in detectors or ["default"]]
    with storing(folder, REMEDY):
        folder.mkdir(parents=True, exist_ok=True)
    planned = Bench(
        dataset=data,
        contestants=contestants,
        protocols=_protocols(protocols, contestants),
        folder=folder,
        cache=cache,
        seed=seed,
        command=str(context.obj),
    )
    with reporting(None, device, precision=precision, checkpoints=checkpoints, log=log, workers=workers) as run:
        outcome = planned.run(run)
    _print(outcome.results)
    written = _write(outcome, contestants, folder)
    stderr().print(f"wrote {', '.join(written)} to {folder}")


def _settings(pairs: list[str]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Settings of the detectors, and those of the data set."""
    of_data = {}
    for pair in pairs:
        if pair.startswith("dataset."):
            name, equals, value = pair.removeprefix("dataset.").partition("=")
            if not equals:
                raise SettingsError(f"--set {pair}: write dataset.NAME=VALUE")
            of_data[name.strip()] = value.strip()
    return read_settings([pair for pair in pairs if not pair.startswith("dataset.")]), of_data


def _dataset(name: str, root: Path | None, settings: dict[str, Any]) -> DataSet:
    takes = any(listed.name == name and "root" in listed.settings for listed in catalog.describe("dataset"))
    if takes:
        settings = {"root": str(root or Path(name)), **settings}
    elif root is not None:
        raise SettingsError(f"data set {name!r} does not lie in a folder; leave out --root")
    return catalog.build("dataset", name, catalog.merged({}, settings))


def _protocols(titles: list[str] | None, contestants: list[Contestant]) -> list[Protocol]:
    """The asked ones, and `causal` beside them."""
    asked = titles or [contestants[0].protocol]
    return [protocol(title) for title in dict.fromkeys([*asked, "causal"])]


def _print(results: Results) -> None:
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
    head, rows = table
    shown = Table(*head, box=None)
    for cells in rows:
        shown.add_row(*cells)
    stdout().print(title, style="bold")
    stdout().print(shown)
    stdout().print()


def _write(outcome: Outcome, contestants: list[Contestant], folder: Path) -> list[str]:
    pictures = write_pictures(outcome, {one.title: one.slug for one in contestants}, folder)
    texts = {
        "results.json": json.dumps(outcome.results.to_json(), indent=1) + "\n",
        "results.md": markdown(outcome.results, pictures),
    }
    for name, text in texts.items():
        with storing(folder, REMEDY):
            replace_durably(folder / name, text.encode())
    return [*texts, *(name for _, name in pictures)]
