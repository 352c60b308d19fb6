"""The frame of the command line: one app, one way to report errors and warnings.

Nothing heavy is imported here: help and the version must be quick.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from oddframe.errors import Interrupted, OddframeError, OddframeWarning, SettingsError
from oddframe.text import printable
from oddframe.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from oddframe.video import Video

FRAME: Mapping[str, Any] = {
    "name": "oddframe",
    "help": "Find anomalies in video: fit on normal video, score new video.",
    "no_args_is_help": True,
    "rich_markup_mode": None,  # rich takes longer to import than all the rest of the help
    "context_settings": {"help_option_names": ["-h", "--help"]},
    "add_completion": False,
    "pretty_exceptions_enable": False,
}
"""What the app is made with."""

app = typer.Typer(**FRAME)

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes: an error that one line explains; a wrong command line, as typer says it; stopped, as by Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the command line was called; every command finds it as `context.obj`.

    Args:
        debug: whether to show where in the code an error arose.
        arguments: all of them, without --debug.
    """

    debug: bool
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        import shlex

        return shlex.join(["oddframe", *self.arguments])


UNLIMITED = 100_000
"""Columns of a file or a pipe."""


def stderr() -> Console:
    """The console for everything that is not the result."""
    from oddframe.cli.terminal import Terminal

    return Terminal(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def stdout() -> Console:
    """The console for results: names are printed as they are, and only a terminal limits the width."""
    from oddframe.cli.terminal import Terminal

    console = Terminal(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console


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
    """Find anomalies in video."""


def run(arguments: Sequence[str], debug: bool = False) -> int:
    """Run a command.

    Args:
        arguments: of the command line, without --debug.
        debug: whether to show where in the code an error arose.

    Returns:
        The exit code.
    """
    if strange := [given for given in arguments if given.startswith("-") and given != printable(given)]:
        complain(SettingsError(f"{strange[0]}: no such option; write ./ before the name of a file"))
        return MISUSED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", OddframeWarning)
        warnings.showwarning = _show_warning
        return _run(arguments, debug)


def _run(arguments: Sequence[str], debug: bool) -> int:
    try:
        app(arguments, standalone_mode=True, prog_name="oddframe", obj=Invocation(debug, tuple(arguments)))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        hush()
        return FAILED
    except Interrupted as error:
        complain(error, debug)
        return INTERRUPTED
    except Exception as error:
        complain(error, debug)
        return FAILED
    return 0


def complain(error: Exception, debug: bool = False, about: str = "") -> None:
    """One line on stderr that says what is wrong and what to do; with `debug`, the traceback.

    Args:
        error: what went wrong.
        debug: whether to show where in the code.
        about: the file that was worked on, for errors that do not say it.
    """
    if debug:
        import traceback

        stderr().print("".join(traceback.format_exception(error)), markup=False, end="")
        return
    stderr().print("[bold red]error:[/]", end=" ")
    stderr().print(" ".join(_told(error, about).split()), markup=False)


def _told(error: Exception, about: str) -> str:
    if isinstance(error, OddframeError):
        return str(error)
    if isinstance(error, OSError):  # files are named; what has no name is where results are printed
        return f"{error.filename or about or 'standard output'}: {error.strerror or error}"
    place = f"{about}: " if about else ""
    return f"{place}{type(error).__name__}: {error}; this should not happen: add --debug, and report what it shows"


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


def waiting(folder: Path) -> Callable[[], None]:
    """What says that another program is changing a detector."""
    return lambda: stderr().print(f"{folder}: waiting for another program that is changing it", markup=False)


class Failures:
    """Reports the error of each video that fails, and counts them.

    Args:
        debug: whether to show where in the code they arose.
    """

    def __init__(self, debug: bool) -> None:
        self.errors: list[Exception] = []
        self._debug = debug

    def __call__(self, error: Exception, about: str = "") -> None:
        complain(error, self._debug, about)
        self.errors.append(error)

    def of(self, video: Video, error: Exception) -> None:
        """The same, of an opened video."""
        self(error, video.source)

    def leave(self) -> None:
        """Leave with an error code, if a video has failed."""
        if self.errors:
            raise typer.Exit(FAILED)


def hush() -> None:
    """Print nothing more: the reader of our output has enough (`| head`), and Python must not complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
