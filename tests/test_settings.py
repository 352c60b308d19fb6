"""Settings are the constructor's arguments, whatever the constructor looks like."""

from __future__ import annotations

from typing import ClassVar

import pytest

from oddframe.types import Configured


class Bare(Configured):
    """Has no constructor of its own."""

    name: ClassVar[str] = "bare"


class Chosen(Configured):
    """Has one argument."""

    name: ClassVar[str] = "chosen"

    def __init__(self, part: object = 3) -> None:
        self.part = part


def test_no_arguments_are_no_settings() -> None:
    assert Bare().settings() == {}
    assert Bare().identity() == {"name": "bare", "version": 1, "settings": {}}


def test_nested_parts_tell_their_own_identity() -> None:
    assert Chosen(Chosen((1, 2))).settings() == {"part": {"name": "chosen", "version": 1, "settings": {"part": [1, 2]}}}


def test_what_cannot_be_told_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        Chosen({1}).settings()
