"""The public face: names that exist, documented as they are, and an import that costs and leaves nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import oddframe
from oddframe.cli import whole
from tests.conftest import ROOT

MODULES = ["oddframe"] + [
    module.name
    for module in pkgutil.walk_packages(oddframe.__path__, "oddframe.")
    if not module.name.endswith("__main__")
]


def documented(docstring: str) -> list[str]:
    """The parameter names of a docstring's `Args:` section; `width, height: ...` names two.

    >>> documented("What.\\n\\nArgs:\\n    a, b: numbers.\\n        c: no name.\\n    *rest: more.\\n\\nNot: this.")
    ['a', 'b', 'rest']
    """
    section = re.search(r"^Args:\n((?:[ ]{4}.*\n?|\n)+)", inspect.cleandoc(docstring) + "\n", re.MULTILINE)
    heads = re.findall(r"^ {4}([*\w][\w, *]*):", section.group(1), re.MULTILINE) if section else []
    return [name.strip(" *") for head in heads for name in head.split(",")]


def own(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Public classes and functions defined in the module, and the public methods of those classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing):
            methods = (m for m, function in vars(thing).items() if inspect.isfunction(function) and m[0] != "_")
            yield from ((f"{module.__name__}.{name}.{method}", getattr(thing, method)) for method in methods)


@pytest.mark.parametrize("name", MODULES)
def test_every_name_in_all_exists(name: str) -> None:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert [n for n in names if not hasattr(module, n)] == []
    assert len(set(names)) == len(names)


def test_the_public_names_are_explicit_and_sorted() -> None:
    """`__all__` is a plain list in the source, so that a reader and a type checker see what a user may rely on."""
    tree = ast.parse((ROOT / "src" / "oddframe" / "__init__.py").read_text("utf-8"))
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets)
    ]
    assert len(lists) == 1
    names = [n for n in lists[0] if not n.startswith("__")]
    assert names == sorted(names)
    assert all(inspect.getdoc(getattr(oddframe, name)) for name in names)


def test_public_names_and_commands_have_a_changelog_line() -> None:
    told = set(re.findall(r"`([^`]+)`", (ROOT / "CHANGELOG.md").read_text("utf-8")))
    group: Any = typer.main.get_command(whole())
    public = {name for name in importlib.import_module("oddframe").__all__ if not name.startswith("__")}
    assert public | {f"oddframe {command}" for command in group.commands} <= told


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_name_parameters_that_exist(name: str) -> None:
    for where, thing in own(importlib.import_module(name)):
        names = documented(thing.__doc__ or "")
        wrong = set(names) - set(inspect.signature(thing).parameters if names else ())
        assert not wrong, f"{where} documents {sorted(wrong)}, which it does not take"


def documentation(thing: Callable[..., object]) -> str | None:
    """Its docstring; an override is documented by what it overrides."""
    return thing.__doc__ if inspect.isclass(thing) else inspect.getdoc(thing)


@pytest.mark.parametrize("name", MODULES)
def test_public_things_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    assert [where for where, thing in own(module) if not documentation(thing)] == []


def test_every_folder_is_a_package() -> None:
    """A folder without `__init__.py` is left out of every check that walks the packages, this file's among them."""
    package = ROOT / "src" / "oddframe"
    assert [str(f.parent) for f in package.rglob("*.py") if not (f.parent / "__init__.py").is_file()] == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "src" / "oddframe" / "py.typed").is_file()


def test_an_import_loads_no_heavy_library_and_writes_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import oddframe;"
        "heavy = {'accelerate', 'av', 'cv2', 'faiss', 'jinja2', 'matplotlib', 'plotly', 'sklearn', 'typer'};"
        "print(*sorted(heavy & (set(sys.modules) - before)))"
    )
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "ODDFRAME_CACHE", "TMPDIR")}
    environment = {**os.environ, **home, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
