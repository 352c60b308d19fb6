"""One name, one thing: no two public classes of the package share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.conftest import ROOT


def classes(package: Path) -> dict[str, list[str]]:
    """Name -> the files in which a public class of that name is defined at the top level."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(package.rglob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file.relative_to(package).as_posix())
    return dict(found)


def shared(package: Path) -> dict[str, list[str]]:
    """The names that more than one class has."""
    return {name: files for name, files in classes(package).items() if len(files) > 1}


def test_no_two_public_classes_share_a_name() -> None:
    assert shared(ROOT / "src" / "oddframe") == {}


def test_a_planted_twin_is_found(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "a.py").write_text("class Moment: ...\nclass _Part: ...\nclass Alone: ...\n")
    (tmp_path / "models" / "b.py").write_text("class Moment: ...\nclass _Part: ...\n")
    assert shared(tmp_path) == {"Moment": ["a.py", "models/b.py"]}
