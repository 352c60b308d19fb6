"""The command line: one file per command family, imported when one of its commands is called."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from oddframe.cli.quick import COMMANDS, answered

if TYPE_CHECKING:
    from typer import Typer

__all__ = ["main", "whole"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: without the program's name; None = those of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that cannot be printed must not cost the results
    try:
        if answered(given):
            sys.stdout.flush()
            sys.exit(0)
    except BrokenPipeError:
        from oddframe.cli.app import hush

        hush()
        sys.exit(1)
    except OSError as error:
        from oddframe.cli.app import complain, hush

        complain(error, debug)
        hush()
        sys.exit(1)
    command = given[0] if given else ""
    load([COMMANDS[command].family] if command in COMMANDS else families())
    from oddframe.cli.app import run

    sys.exit(run(given, debug))


def load(names: Iterable[str]) -> None:
    """Import these families, which adds their commands to the app."""
    for name in names:
        importlib.import_module(f"oddframe.cli.{name}")


def families() -> list[str]:
    """All families, in the order in which help lists them."""
    return list(dict.fromkeys(command.family for command in COMMANDS.values()))


def whole() -> Typer:
    """The app with all commands, for programs that look at them."""
    load(families())
    from oddframe.cli.app import app

    return app
