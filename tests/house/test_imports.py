"""No room reaches up the line of data, and the check that says so sees what it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.borders import MAY_IMPORT, breaches
from tests.house.circles import circles, needs

PACKAGE = ROOT / "src" / "oddframe"


def test_no_room_imports_what_it_must_not() -> None:
    assert not breaches(PACKAGE)


def test_the_table_has_no_circle() -> None:
    """If every room keeps to the table, the rooms can be put in an order in which imports point one way."""
    left = {room: allowed - {room} for room, allowed in MAY_IMPORT.items()}
    while free := {room for room, allowed in left.items() if not allowed & left.keys()}:
        left = {room: allowed for room, allowed in left.items() if room not in free}
    assert not left


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Then every module can be read, tested and moved with only what lies below it."""
    assert not circles(needs(PACKAGE))


@pytest.mark.parametrize(
    "back",
    [
        "from oddframe.observers.cubes import Cubes",
        "import oddframe.observers.cubes",
        "from . import cubes",
        "def later():\n    from .cubes import Cubes",
        "from importlib import import_module\nimport_module('oddframe.observers.cubes')",
    ],
)
def test_a_planted_circle_is_found(tmp_path: Path, back: str) -> None:
    room = tmp_path / "oddframe" / "observers"
    room.mkdir(parents=True)
    (room / "__init__.py").touch()
    (room / "base.py").touch()
    (room / "cubes.py").write_text("from oddframe.observers.base import Observer\nfrom .stream import Stream\n")
    (room / "stream.py").write_text("from oddframe.observers.base import Observer\n")
    assert not circles(needs(tmp_path / "oddframe"))
    (room / "stream.py").write_text(back + "\n")
    assert circles(needs(tmp_path / "oddframe")) == [["oddframe.observers.cubes", "oddframe.observers.stream"]]


def test_the_map_shows_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    shown = set(re.findall(r"^\| `(\w+)(?:/|\.py)?`", page, re.MULTILINE))
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in PACKAGE.rglob("*.py")}
    assert shown >= rooms - {"__init__", "__main__"}
    assert shown <= MAY_IMPORT.keys()


def test_nobody_imports_the_outermost_rooms() -> None:
    for room in ("web", "cli", "testing"):
        importers = {other for other, allowed in MAY_IMPORT.items() if room in allowed}
        assert importers <= {room, "cli", "__main__"}, room
    assert "testing" not in MAY_IMPORT["cli"]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/knn.py", "import oddframe.video.reader"),
        ("models/knn.py", "from oddframe.video import open_video"),
        ("models/knn.py", "from oddframe import datasets"),
        ("models/deep/net.py", "from ...video import reader"),
        ("observers/foreground/flow.py", "from ...models.base import Model"),
        ("observers/foreground/flow.py", "def f():\n    from oddframe import catalog"),
        ("video/reader.py", "from importlib import import_module\nimport_module('oddframe.scoring.events')"),
        ("types/frames.py", "from oddframe.errors import DataError"),
        ("errors.py", "from oddframe.types import Frame"),
        ("errors.py", "from . import types"),
        ("engine/fit.py", "from oddframe.testing import check_model"),
        ("engine/fit.py", "from oddframe import Detector"),
        ("engine/fit.py", "import oddframe"),
        ("draw/page.py", "from oddframe.engine import Detector"),
        ("report/page.py", "from oddframe.bench import Protocol"),
        ("scoring/events.py", "import matplotlib.pyplot as plt"),
        ("attic/old.py", ""),
        ("video/utils.py", ""),
        ("common/arrays.py", ""),
    ],
)
def test_a_planted_breach_is_found(tmp_path: Path, file: str, line: str) -> None:
    planted = tmp_path / "oddframe" / file
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n")
    found = breaches(tmp_path / "oddframe")
    assert found
    assert all(breach.startswith(file) for breach in found)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/deep/net.py", "from ..base import Model\nfrom oddframe.types import Scored\nimport torch"),
        ("engine/store.py", "from oddframe import __version__\nfrom oddframe.models.base import Model"),
        ("cli/fit.py", "def fit():\n    from oddframe import Detector"),
        ("video/reader.py", "import av"),
        ("__init__.py", "from oddframe.engine import Detector"),
        ("__main__.py", "from oddframe.cli import main"),
    ],
)
def test_an_honest_import_is_let_through(tmp_path: Path, file: str, line: str) -> None:
    planted = tmp_path / "oddframe" / file
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n")
    assert not breaches(tmp_path / "oddframe")
