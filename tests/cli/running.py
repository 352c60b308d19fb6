"""The command line as its user meets it: what is printed where, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from oddframe.cli import main
from oddframe.testing.scenes import moving_square
from oddframe.types import ImageArray
from oddframe.video.write import write_image, write_video

QUICK = ("--set", "observer.embedding=0")
"""Makes fitting a matter of a second: no network looks at anything."""


@dataclass(frozen=True)
class Result:
    """How a command ended.

    Args:
        code: its exit code.
        out, err: what it printed.
    """

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What `--json` printed: exactly one strictly valid JSON object a line."""
        assert not self.out or self.out.endswith("\n")
        return [json.loads(line, parse_constant=_refused) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        """The lines on stderr that are errors; a traceback anywhere is a failure."""
        assert "Traceback" not in self.err
        assert "should not happen" not in self.err
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    @property
    def error(self) -> str:
        """The one line on stderr, of a command that failed with an error and printed nothing else."""
        assert (self.code, self.out) == (1, "")
        assert self.err.splitlines() == self.errors
        assert len(self.errors) == 1
        return self.errors[0].removeprefix("error: ")


def _refused(token: str) -> float:
    raise AssertionError(f"{token} is not JSON")


Command: TypeAlias = Callable[..., Result]
"""Runs the command line in this process: `command("score", detector, video, "--json")`."""


def runner(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process."""

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Result(left.value.code, printed.out, printed.err)

    return run


def pictures(speed: float, seconds: float = 4, fps: int = 10) -> list[ImageArray]:
    """A square that crosses the scene at so many pixels a second."""
    return [frame.image for frame in moving_square(speed=speed, seconds=seconds, fps=fps).frames]


def film(path: Path, speed: float = 18, seconds: float = 4, fps: int = 10) -> Path:
    """The same as a video file."""
    write_video(path, pictures(speed, seconds, fps), Fraction(fps))
    return path


def album(folder: Path, speed: float = 18, seconds: float = 4) -> Path:
    """The same as a folder of pictures."""
    folder.mkdir(parents=True)
    for number, image in enumerate(pictures(speed, seconds)):
        write_image(folder / f"{number:03d}.png", image)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included, but not those that only serve as locks."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
