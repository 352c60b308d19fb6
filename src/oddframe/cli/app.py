"""The command line's frame: one app, one way to report errors and warnings.

Videos that fail while others go on.

A threshold that is older than what its detector knows.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, TextIO

import typer
from rich.console import Console

from oddframe.engine.detector import Detector
from oddframe.errors import Interrupted, OddframeError, OddframeWarning, StaleThreshold
from oddframe.version import __version__

app = typer.Typer(
    name="oddframe",
    help="Finds what does not belong in video: fit on normal footage, score new footage.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)

FAILED, INTERRUPTED = 1, 130

"""Exit codes: an error that one line explains; stopped, as by Ctrl-C. A wrong command line ends with typer's 2."""


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
        return shlex.join(["oddframe", *self.arguments])


UNLIMITED = 100_000
"""Columns of a file or a pipe."""


def stderr() -> Console:
    """Where everything goes that is not the result."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def stdout() -> Console:
    """Where results go: names are printed as they are, and only a terminal has an edge."""
    console = Console(highlight=False, markup=False, emoji=False)
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
    """Finds what does not belong in video."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that cannot be printed must not cost the results
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", OddframeWarning)
        warnings.showwarning = _show_warning
        sys.exit(_run(given, debug))


def _run(arguments: list[str], debug: bool) -> int:
    try:
        app(arguments, standalone_mode=True, prog_name="oddframe", obj=Invocation(debug, tuple(arguments)))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough (`| head`); keep Python from complaining when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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
        traceback.print_exception(error)
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


class Failures:
    """Reports each at once, and counts them.

    Args:
        debug: whether to show where in the code they arose.
    """

    def __init__(self, debug: bool) -> None:
        self.count = 0
        self._debug = debug

    def __call__(self, error: Exception, about: str = "") -> None:
        complain(error, self._debug, about)
        self.count += 1


@contextmanager
def saying_once(detector: Detector) -> Iterator[None]:
    """What is to be said of the threshold is said once, and not for each video."""
    if detector.stale is not None and detector.calibration.threshold is not None:
        warnings.warn(detector.stale, StaleThreshold, stacklevel=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleThreshold)
        yield
