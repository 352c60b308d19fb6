"""Files of one whole idea, and short functions: what grows past that is asking to become two ideas."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import ROOT

SOURCE = sorted((ROOT / "src").rglob("*.py"))
EVERYTHING = [*SOURCE, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


def lines(file: Path) -> int:
    return len(file.read_text("utf-8").splitlines())


def bodies(text: str) -> dict[str, int]:
    """Lines from the first statement after the docstring to the last, per function or method."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            code = node.body[ast.get_docstring(node, clean=False) is not None :]
            found[f"{node.name} (line {node.lineno})"] = (code[-1].end_lineno or 0) - code[0].lineno + 1 if code else 0
    return found


def test_files_hold_one_whole_idea(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither crumbs that only make sense beside each other, nor files that nobody reads to their end."""
    sizes = {str(f.relative_to(ROOT)): lines(f) for f in EVERYTHING}
    middle, longest = median(map(lines, SOURCE)), max(SOURCE, key=lines)
    with capsys.disabled():
        at = longest.relative_to(ROOT)
        print(f"\n{len(SOURCE)} source files, median {middle:g} lines, longest {lines(longest)} ({at})")
    assert 100 <= middle <= 150
    assert not {name: size for name, size in sizes.items() if size > 400}


def test_functions_are_short() -> None:
    sizes = {f"{f.relative_to(ROOT)}: {name}": n for f in SOURCE for name, n in bodies(f.read_text("utf-8")).items()}
    assert not {name: n for name, n in sizes.items() if n > 80}
    assert sum(n <= 45 for n in sizes.values()) >= 0.95 * len(sizes)
    assert median(sizes.values()) <= 10


def test_a_body_is_counted_without_its_docstring() -> None:
    documented = 'def f(\n    a,\n):\n    """Doc.\n\n    More.\n    """\n    a += 1\n\n    return a\n'
    empty = 'def g():\n    """Only a doc."""\n'
    assert list(bodies(documented + empty).values()) == [3, 0]
