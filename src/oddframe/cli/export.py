"""`oddframe export`: networks as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oddframe.cli.app import app, stdout
from oddframe.cli.options import read_settings


@app.command()
def export(
    what: Annotated[str, typer.Argument(help="A saved detector, or the name of a backbone.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the backbone, as size=64.", show_default=False)
    ] = None,
    openvino: Annotated[bool, typer.Option("--openvino", help="Write OpenVINO's files as well.")] = False,
) -> None:
    """Write the networks of a detector or a backbone as ONNX files.

    An exported detector is used as any other: its backbone comes out of its own folder.
    """
    from oddframe.export import export as write

    for file in write(what, output, settings=read_settings(settings or []), openvino=openvino):
        stdout().print(str(file))
