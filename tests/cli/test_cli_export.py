"""`oddframe export`: files of networks, whose paths are the result."""

from __future__ import annotations

from pathlib import Path

import oddframe as odd
from tests.cli.running import Command
from tests.engine.golden.make import saved


def test_a_backbone_and_a_detector_are_exported(command: Command, tmp_path: Path) -> None:
    done = command("export", "efficientnet-lite0", "--set", "size=32", "-o", tmp_path / "nets")
    assert (done.code, done.out) == (0, f"{tmp_path / 'nets' / 'efficientnet-lite0.onnx'}\n")
    done = command("export", saved("kmeans"), "-o", tmp_path / "gate-onnx")
    assert done.out == f"{tmp_path / 'gate-onnx' / 'networks' / 'efficientnet-lite0-0.onnx'}\n"
    assert odd.Detector.load(tmp_path / "gate-onnx").preset == odd.Detector.load(saved("kmeans")).preset


def test_what_cannot_be_exported_is_one_line(command: Command, tmp_path: Path) -> None:
    assert "efficientnet-lite0" in command("export", "efficientnet", "-o", tmp_path / "nets").error
