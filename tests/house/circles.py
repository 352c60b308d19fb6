"""Circles of imports between modules: who needs whom to be loaded first, and groups in which everybody does."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.house.borders import WHEN_ASKED, imports


def needs(package: Path) -> dict[str, set[str]]:
    """The modules of ours that each module of the folder `package` imports, anywhere in its text.

    Arrows that are followed only when a value is asked to draw itself (`WHEN_ASKED`) are left out. Imports under
    `if TYPE_CHECKING:` and within functions count too: they hide a circle, and do not open it.
    """
    files = {module_name(file, package): file for file in sorted(package.rglob("*.py"))}
    found = {module: _needed(module, file, files.keys()) for module, file in files.items()}
    for file, room in WHEN_ASKED:
        module = module_name(package / file, package)
        found[module] = {name for name in found.get(module, set()) if name.split(".")[1:2] != [room]}
    return found


def module_name(file: Path, package: Path) -> str:
    """The dotted name of a file of the package: `oddframe.models.knn`; of a folder for its `__init__.py`."""
    parts = (package.name, *file.relative_to(package).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of two modules or more that all reach each other, each sorted.

    Two modules are in one group where each can be reached from the other; there are few enough to ask all of them.

    >>> circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d", "a"}})
    [['b', 'c']]
    """
    reach = {module: _reached(module, graph) for module in graph}
    groups = {tuple(sorted(m for m in reach[module] if module in reach[m])) for module in graph}
    return sorted(list(group) for group in groups if len(group) > 1)


def _needed(module: str, file: Path, known: Collection[str]) -> set[str]:
    inside = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for _, name in imports(ast.parse(file.read_text("utf-8")), inside):
        found.add(name if name in known else name.rpartition(".")[0])
    return found & set(known) - {module}


def _reached(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for module in graph[waiting.pop()] - seen:
            seen.add(module)
            waiting.append(module)
    return seen
