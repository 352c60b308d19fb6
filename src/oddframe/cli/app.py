"""The command line's frame: one app, one way to report errors and warnings."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, TextIO

import typer
from rich.console import Console

from oddframe import __version__
from oddframe.errors import OddframeError, OddframeWarning

app = typer.Typer(
    name="oddframe",
    help="Finds what does not belong in video: fit on normal footage, score new footage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes besides 0: an error that one line explains; a command line that makes no sense; Ctrl-C."""


def stderr() -> Console:
    """Where everything goes that is not the result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oddframe {__version__}")
        raise typer.Exit


@app.callback()
def oddframe(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """Finds what does not belong in video."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", OddframeWarning)
        warnings.showwarning = _show_warning
        sys.exit(_run(given, debug))


def _run(arguments: list[str], debug: bool) -> int:
    try:
        app(arguments, standalone_mode=True)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough (`| head`); keep Python from complaining when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OddframeError, OSError) as error:
        if debug:
            raise
        complain(error)
        return FAILED
    return 0


def complain(error: Exception) -> None:
    """One line on stderr that says what is wrong and what to do."""
    stderr().print("[bold red]error:[/]", end=" ")
    stderr().print(" ".join(str(error).split()), markup=False)


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    stderr().print("[bold yellow]warning:[/]", end=" ")
    stderr().print(" ".join(str(message).split()), markup=False)
