"""Every backbone does what every backbone must."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oddframe import catalog
from oddframe.backbones.base import Backbone
from oddframe.testing.backbones import CHECKS

BACKBONES: dict[str, dict[str, object]] = {
    "efficientnet-lite0": {"size": 32},
    "i3d": {"weights": "random", "frames": 16, "size": 64},
    "slowfast": {"weights": "random", "size": 64},
}
"""Name -> settings with which it needs no download and little time."""

ELSEWHERE = {"hf", "onnx"}
"""Tested on models that are made for them (test_hf.py, tests/export)."""


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_conforms(name: str, check: Callable[[Backbone], None]) -> None:
    check(catalog.build("backbone", name, BACKBONES[name]))


def test_no_backbone_is_left_out() -> None:
    assert BACKBONES.keys() | ELSEWHERE == catalog.BACKBONES.keys()


class Careless(Backbone):
    """Breaks one rule at a time."""

    name = "careless"
    frames = 1
    features = 3

    def __init__(self, fault: str) -> None:
        self.fault, self._seen = fault, 0

    def embed(self, clips, run=None):  # type: ignore[no-untyped-def]
        self._seen += 1
        found = clips.float().mean((1, 2, 3))  # (B, 3)
        if self.fault == "length":
            return found[:, :2]
        if self.fault == "batch":
            return found - found.mean(0)
        if self.fault == "memory":
            return found + self._seen
        if self.fault == "size":
            return found if clips.shape[2] == 40 else found[:, :1]
        if self.fault == "writes":
            clips.zero_()
        return found


@pytest.mark.parametrize("fault", ["length", "batch", "memory", "size", "writes"])
def test_a_careless_backbone_is_found(fault: str) -> None:
    failed = []
    for check in CHECKS[:-1]:
        try:
            check(Careless(fault))
        except (AssertionError, RuntimeError):
            failed.append(check.__name__)
    assert failed
