"""What the command line answers without running a command: its version, its help, and the names to choose from.

Reading a single argument makes typer import pydantic, which takes as long as all that is done here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from oddframe.version import __version__


class Command(NamedTuple):
    """Where a command is, and what help says of it: the first sentence of its docstring."""

    family: str
    summary: str


COMMANDS: Mapping[str, Command] = {
    "fit": Command("fit", "Learn what is normal, and save a detector."),
    "score": Command("score", "Score VIDEOS with a fitted DETECTOR; higher = more anomalous."),
    "report": Command("report", "Show what DETECTOR finds in VIDEOS, as one HTML file."),
    "teach": Command("teach", "Mark what VIDEO shows from one time to another as normal."),
    "forget": Command("teach", "Forget what was taught of VIDEO, and learnt from it as normal."),
    "absorb": Command("teach", "Add normal VIDEOS to what a detector knows to be normal."),
    "calibrate": Command("calibrate", "Learn a new threshold for a stated rate of false alarms."),
    "bench": Command("bench", "Measure detectors on a data set, under stated protocols."),
    "demo": Command("demo", "Render a walkway, fit on it, and report what is found."),
    "discover": Command("discover", "Rank the most anomalous moments of PILE, unlabelled video."),
    "export": Command("export", "Write the networks of a detector or a backbone as ONNX files."),
    "models": Command("models", "List, get and remove pretrained weights."),
    "info": Command("info", "Describe a saved detector, videos or a name, or list all names."),
}


def answered(arguments: Sequence[str]) -> bool:
    """Answer a command line that runs no command.

    Returns:
        Whether it was one.
    """
    match arguments:
        case ["--version"]:
            _say(f"oddframe {__version__}")
        case ["info"]:
            print_names()
        case ["-h" | "--help"]:
            _say(overview())
        case [command, "-h" | "--help"] if command in COMMANDS:
            _say(help_of(command))
        case _:
            return False
    return True


def print_names() -> None:
    """List all names that there are to choose from; nothing is imported for that."""
    from oddframe import catalog

    ours = [("preset", tuple(catalog.PRESETS)), ("protocol", catalog.PROTOCOLS)]
    for kind, names in (*ours, *catalog.all_names().items()):
        _say(f"{kind}: {', '.join(names)}")
    _say("\n`oddframe info NAME` describes one of them.")


def overview() -> str:
    """The help of the whole program, without importing one command."""
    import typer

    from oddframe.cli.app import FRAME, oddframe

    stubs = typer.Typer(**FRAME)
    stubs.callback()(oddframe)
    for name, command in COMMANDS.items():
        stubs.command(name, help=command.summary)(_nothing)
    group = typer.main.get_command(stubs)
    with typer.Context(group, info_name="oddframe", **group.context_settings) as context:
        return group.get_help(context)


def help_of(name: str) -> str:
    """The help of one command, without importing the others."""
    import typer

    from oddframe.cli.app import app

    importlib.import_module(f"oddframe.cli.{COMMANDS[name].family}")
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    command = group.commands[name]
    with (
        typer.Context(group, info_name="oddframe", **group.context_settings) as outer,
        typer.Context(command, outer, name) as context,
    ):
        return command.get_help(context)


def _nothing() -> None:
    """A command that only help looks at."""


def _say(text: str) -> None:
    print(text)  # noqa: T201
