"""What is promised in ranges, what is pinned for the checks, and how they are run."""

from __future__ import annotations

import os
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import oddframe
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECLARED = [
    *PROJECT["dependencies"],
    *sorted({line for group in PROJECT["optional-dependencies"].values() for line in group}),
]
PINS = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]


def pinned() -> dict[str, str]:
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in PINS)}


@pytest.mark.parametrize("requirement", [Requirement(line) for line in DECLARED], ids=lambda r: r.name)
def test_what_is_declared_is_pinned_within_its_range(requirement: Requirement) -> None:
    version = pinned().get(canonicalize_name(requirement.name))
    assert version is not None, f"constraints.txt does not pin {requirement.name}"
    assert requirement.specifier.contains(version)


def test_pins_are_exact_sorted_and_portable() -> None:
    """A local version such as `+cpu` exists on some machines only; a CUDA library would be gigabytes on all."""
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[0-9][0-9a-z.]*", line) for line in PINS)
    assert list(pinned()) == sorted(set(pinned()))
    assert not [line for line in PINS if re.match(r"nvidia|cuda|triton", line)]


def test_pictures_need_no_screen() -> None:
    assert not {"opencv-python", "opencv-contrib-python"} & pinned().keys()


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", oddframe.__version__)
    assert f"[{oddframe.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_check_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
