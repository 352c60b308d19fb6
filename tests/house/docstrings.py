"""What a public docstring lacks: parameters, a result or errors that it does not mention."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOUNS = re.compile(r"(The|A|An|All|Each|Every|One|How|Whether|Which|What|Where|Why|\(|float|int|uint)\b|\(")
"""How a first line begins that describes the result itself, so that a `Returns` section would repeat it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Documented:
    """A public function or method with a docstring of its own.

    Args:
        where: "models/knn.py: KNN.train".
        node: its definition.
        docstring: what it says.
    """

    where: str
    node: Function
    docstring: str

    def lacks(self) -> list[str]:
        """What a reader has to look up in the code, in words; empty where nothing is missing."""
        return [*self._parameters(), *self._result(), *self._errors()]

    def _parameters(self) -> Iterator[str]:
        """One parameter may be explained by the first line; two or more need their lines."""
        names = [a.arg for a in (*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs)]
        names = [name for name in names if name not in ("self", "cls")]
        known = _section(self.docstring, "Args") if len(names) > 1 else names
        if missing := [name for name in names if name not in known]:
            yield f"Args: {', '.join(missing)}"

    def _result(self) -> Iterator[str]:
        """A property is its result; a method that gives back its own object says so by `Self`."""
        marks = {ast.unparse(mark).split(".")[-1] for mark in self.node.decorator_list}
        gives = ast.unparse(self.node.returns) if self.node.returns else "None"
        silent = gives == "None" or (gives == "Self" and "classmethod" not in marks)
        told = re.search(r"^(Returns|Yields):", self.docstring, re.MULTILINE) or NOUNS.match(self.docstring)
        if not silent and "property" not in marks and not told:
            yield "Returns"

    def _errors(self) -> Iterator[str]:
        """Only those that stand in the body itself; whose else is for the callee to say."""
        raised = {ast.unparse(n.exc.func) for n in ast.walk(self.node) if _is_raise(n)}  # type: ignore[attr-defined]
        if missing := sorted(name for name in raised if name not in self.docstring):
            yield f"Raises: {', '.join(missing)}"


def public(package: Path, room: str) -> list[Documented]:
    """Every public function and method of a room that has a docstring of its own; overrides may have none.

    Args:
        package: the folder of the package.
        room: a folder, or a module, in it.
    """
    files = sorted((package / room).rglob("*.py")) or [package / f"{room}.py"]
    return [found for file in files for found in _of(file, str(file.relative_to(package)))]


def _of(file: Path, name: str) -> Iterator[Documented]:
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, Function):
            yield from _one(node, f"{name}: {node.name}")
        elif isinstance(node, ast.ClassDef) and node.name[0] != "_":
            methods = (inner for inner in node.body if isinstance(inner, Function))
            for method in methods:
                yield from _one(method, f"{name}: {node.name}.{method.name}")


def _one(node: Function, where: str) -> Iterator[Documented]:
    docstring = ast.get_docstring(node)
    if docstring and node.name[0] != "_":
        yield Documented(where, node, docstring)


def _section(docstring: str, head: str) -> list[str]:
    """The names in a section; `width, height: ...` names two."""
    found = re.search(rf"^{head}:\n((?: {{4}}.*\n?|\n)+)", docstring + "\n", re.MULTILINE)
    heads = re.findall(r"^ {4}([*\w][\w, *]*):", found.group(1), re.MULTILINE) if found else []
    return [name.strip(" *") for names in heads for name in names.split(",")]


def _is_raise(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
