"""Help, the version and the list of names come at once: no heavy library is imported for them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer

from oddframe.cli import whole
from oddframe.cli.quick import COMMANDS

HEAVY = {"torch", "faiss", "cv2", "av", "scipy", "matplotlib", "plotly", "numpy", "pydantic", "jinja2"}

PROGRAM = """
import sys
from oddframe.cli import main
try:
    main(sys.argv[1:])
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", ["--version", "--help", "info", *(f"{name} --help" for name in COMMANDS)])
def test_nothing_heavy_is_imported(arguments: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments.split()], capture_output=True, text=True, check=True
    )
    assert run.stdout
    imported = set(run.stderr.split())
    assert not HEAVY & imported
    assert ("typer" in imported) == ("help" in arguments)


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    group: Any = typer.main.get_command(whole())
    assert set(group.commands) == set(COMMANDS)
    for name, command in COMMANDS.items():
        said = group.commands[name]
        assert " ".join(said.help.split()).startswith(command.summary)
        assert said.callback.__module__ == f"oddframe.cli.{command.family}"
