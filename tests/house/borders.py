"""Who may import whom: the table, and the walk over the syntax trees that finds breaches of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BASE = {"types", "errors"}
DISK = BASE | {"files", "version"}
WATCHING = BASE | {"video", "weights", "backbones", "observers"}
SCORES = BASE | {"index", "training", "models"}
CACHE = DISK | WATCHING | {"scoring", "models", "cache"}
ENGINE = CACHE | SCORES | {"metrics", "datasets", "walkway", "catalog", "engine"}
SHOWN = ENGINE | {"draw", "text"}
LIVE = SHOWN | {"report", "bench", "export", "live"}

MAY_IMPORT: dict[str, set[str]] = {
    "types": {"types"},
    "errors": set(),
    "version": set(),
    "text": set(),
    **{room: BASE | {room} for room in ("video", "index", "scoring", "metrics")},
    "files": {"errors", "files"},
    "weights": DISK | {"weights"},
    "backbones": BASE | {"files", "weights", "backbones"},
    "training": DISK | {"training"},
    "walkway": BASE | {"video", "walkway"},
    "draw": BASE | {"scoring", "metrics", "video", "draw"},
    "observers": WATCHING,
    "datasets": BASE | {"video", "walkway", "datasets"},
    "models": SCORES,
    "catalog": WATCHING - {"video"} | {"files", "models", "datasets", "catalog"},
    "cache": CACHE,
    "engine": ENGINE,
    "report": SHOWN | {"report"},
    "export": ENGINE | {"export"},
    "bench": SHOWN | {"bench"},
    "live": LIVE,
    "testing": ENGINE | {"testing"},
    "web": LIVE | {"web"},
    "demo": SHOWN | {"report", "demo"},
    "cli": LIVE | {"web", "demo", "cli", ""},
    "__main__": {"cli"},
    "": LIVE | {"demo"},  # oddframe/__init__.py: the public names
}
"""Room -> the rooms of ours that it may import, itself included where it has more than one file."""

WHEN_ASKED = {("types/timeline.py", "draw")}
"""(file, room): a value that draws itself follows this arrow up inside the method that is asked to."""

ONLY_IN = {
    "accelerate": {"training"},
    "av": {"video"},
    "jinja2": {"report"},
    "matplotlib": {"draw"},
    "PIL": {"draw"},
    "onnx": {"weights", "backbones"},
    "plotly": {"report"},
    "typer": {"cli"},
}
"""Third-party package -> the rooms that may import it: training, decoding, drawing and parsing have one home each."""

NO_HOME = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "managers"}


def room_of(file: Path, package: Path) -> str:
    """The room that a file of the package lies in; "" for the package's own `__init__.py`."""
    first = file.relative_to(package).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def breaches(package: Path) -> list[str]:
    """Every forbidden import and forbidden name below the folder `package`, one line each."""
    files = sorted(package.rglob("*.py"))
    nameless = [f"{f.relative_to(package)}: a helper lives with what it helps" for f in files if _homeless(f, package)]
    return nameless + [line for file in files for line in _breaches_of(file, package)]


def _homeless(file: Path, package: Path) -> bool:
    return any(part.removesuffix(".py").lstrip("_") in NO_HOME for part in file.relative_to(package).parts)


def _breaches_of(file: Path, package: Path) -> Iterator[str]:
    room = room_of(file, package)
    here = file.relative_to(package)
    if room not in MAY_IMPORT:
        yield f"{here}: {room!r} is not in the table of rooms"
        return
    for line, module in imports(ast.parse(file.read_text("utf-8")), _package_name(file, package)):
        top, _, rest = module.partition(".")
        if top == package.name:
            target = rest.split(".")[0]
            target = target if target in MAY_IMPORT or "." in rest else ""  # a public name of the package itself
            if target not in MAY_IMPORT[room] and (here.as_posix(), target) not in WHEN_ASKED:
                yield f"{here}:{line}: {room or 'the package'} must not import {target or 'the package itself'}"
        elif room not in ONLY_IN.get(top, {room}):
            yield f"{here}:{line}: only {', '.join(sorted(ONLY_IN[top]))} may import {top}"


def imports(tree: ast.AST, inside: str = "") -> Iterator[tuple[int, str]]:
    """(line, full module name) of all imports anywhere in the tree, `import_module("...")` calls included.

    `from oddframe import x` counts as `oddframe.x`, save for `__version__`, which is nobody's room.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, inside)
            names = [alias.name for alias in node.names if alias.name != "__version__"]
            yield from ((node.lineno, f"{base}.{name}") for name in names)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            given = [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from ((node.lineno, name) for name in given)


def _absolute(node: ast.ImportFrom, inside: str) -> str:
    if not node.level:
        return node.module or ""
    above = inside.split(".")[: len(inside.split(".")) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _package_name(file: Path, package: Path) -> str:
    return ".".join((package.name, *file.parent.relative_to(package).parts))
