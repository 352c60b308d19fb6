"""What the documents show works: their Python runs, their command lines parse."""

from __future__ import annotations

import doctest
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
from typer.exceptions import TyperException

from oddframe.cli import whole
from tests.conftest import ROOT
from tests.house.documents import Block, blocks, commands

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = ("bash", "sh", "console")


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty module in an empty folder: where somebody who follows a document would be."""
    module = ModuleType("reader")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_python_in_documents_runs(document: Path, reader: ModuleType) -> None:
    for block in blocks(document):
        if block.language == "python" and not block.skipped:
            run(block, vars(reader))


def run(block: Block, names: dict[str, Any]) -> None:
    """Run a block in the document's namespace; one with prompts must also print what it says."""
    if ">>> " not in block.text:
        exec(compile(block.numbered(), str(block.document), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, block.document.name, None, block.line)
    test.globs = names  # shared with the next block, not a copy
    assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_command_lines_in_documents_parse(document: Path, reader: ModuleType) -> None:
    for block in blocks(document):
        if block.language in SHELL and not block.skipped:
            for arguments in commands(block):
                parse(arguments, whole())


def parse(arguments: list[str], app: typer.Typer) -> None:
    """Let the program's own parser read the arguments, and do nothing with them.

    Raises:
        Exception: the parser's own, if the program would refuse them.
    """
    for word in arguments:
        provide(Path(word))
    command = typer.main.get_command(app)
    for part in family(command):
        part.callback = None
    command.main(arguments, prog_name="oddframe", standalone_mode=False)


def provide(path: Path) -> None:
    """Whatever an argument may name is there, in the current folder: a file if it has a suffix, else a folder."""
    if path.is_absolute() or ".." in path.parts or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in ("", ".oddframe"):
        path.mkdir()
    else:
        path.touch()


def family(command: Any) -> Iterator[Any]:
    """The command and all its sub-commands."""
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from family(child)


EXAMPLE = """
A document.

```python
x = 2
```

<!-- not executed: needs a camera -->
```python
raise SystemExit
```

```console
$ oddframe fit normal/ \\
    -o gate.oddframe  # a comment
fitted
$ oddframe score gate.oddframe "to day.mp4" | head
$ make test
```

1. in a list

   ```python
   >>> x + 1
   3
   ```
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    document = tmp_path / "example.md"
    document.write_text(EXAMPLE)
    return document


def test_blocks_are_found_and_skipped_only_with_a_reason(example: Path) -> None:
    found = blocks(example)
    assert [(b.language, b.skipped) for b in found] == [
        ("python", False),
        ("python", True),
        ("console", False),
        ("python", False),
    ]
    assert found[3].text == ">>> x + 1\n3\n"
    assert commands(found[2]) == [
        ["fit", "normal/", "-o", "gate.oddframe"],
        ["score", "gate.oddframe", "to day.mp4"],
    ]
    example.write_text(EXAMPLE.replace(": needs a camera", ""))
    assert not blocks(example)[1].skipped


def test_a_block_that_fails_is_seen_at_its_line(example: Path, reader: ModuleType) -> None:
    example.write_text(EXAMPLE.replace("x = 2", "x = 1 / 0"))
    with pytest.raises(ZeroDivisionError) as caught:
        run(blocks(example)[0], vars(reader))
    assert caught.traceback[-1].lineno + 1 == 5


def test_a_wrong_output_is_seen(example: Path, reader: ModuleType) -> None:
    vars(reader)["x"] = 5
    block = blocks(example)[3]
    with pytest.raises(AssertionError):
        run(block, {**vars(reader)})


def test_a_wrong_command_line_is_seen(reader: ModuleType) -> None:
    app = typer.Typer()

    @app.command()
    def score(detector: Annotated[Path, typer.Argument(exists=True)], level: int = 1) -> None:
        raise AssertionError("parsed, not run")

    @app.command()
    def demo() -> None: ...

    parse(["score", "gate.oddframe", "--level", "2"], app)
    for wrong in (["scores", "gate.oddframe"], ["score"], ["score", "x.mp4", "--level", "two"], ["demo", "--fast"]):
        with pytest.raises(TyperException):
            parse(wrong, app)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_no_heading_stands_twice_in_a_document(document: Path) -> None:
    """A page pasted into itself would otherwise go unnoticed; and links to headings would lead to the first."""
    prose = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    counts = Counter(re.findall(r"^#+ .+$", prose, flags=re.MULTILINE))
    assert not [heading for heading, count in counts.items() if count > 1]
