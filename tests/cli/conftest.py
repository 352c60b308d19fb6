"""A few seconds of video and a detector fitted on it by the command line, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oddframe.cli import main
from tests.cli.running import QUICK, Command, film, runner


@pytest.fixture(autouse=True, scope="session")
def no_lines_of_progress() -> Iterator[None]:
    """However slow the machine: tests compare what is printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oddframe.cli.progress.EVERY", 3600.0)
        yield


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process."""
    return runner(capsys)


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with usual.mp4 and slower.mp4, in which nothing odd happens; fast.mp4 lies beside it."""
    folder = tmp_path_factory.mktemp("footage") / "normal"
    folder.mkdir()
    film(folder / "usual.mp4", 18, seconds=12)
    film(folder / "slower.mp4", 15, seconds=12)
    film(folder.parent / "fast.mp4", 60)
    return folder


@pytest.fixture(scope="session")
def usual(footage: Path) -> Path:
    """A video in which nothing odd happens."""
    return footage / "usual.mp4"


@pytest.fixture(scope="session")
def fast(footage: Path) -> Path:
    """A video in which the square is much too fast."""
    return footage.parent / "fast.mp4"


@pytest.fixture(scope="session")
def fitted(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that tests read and leave as it is."""
    folder = tmp_path_factory.mktemp("fitted") / "gate.oddframe"
    with pytest.raises(SystemExit, match="0"):
        main(["fit", str(footage), "-o", str(folder), *QUICK])
    return folder


@pytest.fixture
def detector(fitted: Path, tmp_path: Path) -> Path:
    """The same detector, to be damaged."""
    return Path(shutil.copytree(fitted, tmp_path / "damaged.oddframe"))
