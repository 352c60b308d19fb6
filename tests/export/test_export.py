"""Exported networks give the features of the originals, and exported detectors their scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import oddframe as odd
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.backbones.onnx import OnnxBackbone
from oddframe.engine.store import INDEX
from oddframe.errors import SettingsError, StoreError, WeightsError
from oddframe.testing.backbones import CHECKS, clips_for
from tests.engine.golden.make import saved, scores


class Mean(nn.Module):
    def __init__(self, video: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(5, 3, generator=torch.Generator().manual_seed(0)))
        self.axes = (2, 3, 4) if video else (2, 3)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels / 255).square().mean(self.axes) @ self.weight.T


class Tiny(ExportableBackbone):
    """A small network of torch."""

    name = "tiny"
    features = 5
    frames = 1

    def __init__(self, size: int = 16) -> None:
        self.size = size

    def make(self) -> nn.Module:
        return Mean(self.frames > 1).eval().requires_grad_(False)


class TinyVideo(Tiny):
    """A small video network of torch."""

    frames = 4


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden k-means, exported."""
    folder = tmp_path_factory.mktemp("exported") / "gate-onnx"
    (file,) = odd.export.export(saved("kmeans"), folder)
    assert file.parent.parent == folder
    return folder


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
def test_an_onnx_file_is_a_backbone_like_any_other(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (file,) = odd.export.export("efficientnet-lite0", tmp_path, settings={"size": 32})
    check(OnnxBackbone(str(file)))


@pytest.mark.parametrize("backbone", [Tiny(), TinyVideo()], ids=["picture", "video"])
def test_any_torch_network_of_ours_is_exported(backbone: Tiny, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    (file,) = odd.export.export(backbone, tmp_path)
    exported = OnnxBackbone(str(file))
    assert (exported.frames, exported.features) == (backbone.frames, 5)
    for count in (1, 3):
        clips = clips_for(backbone, count)
        torch.testing.assert_close(exported.embed(clips), backbone.embed(clips), rtol=1e-4, atol=1e-5)


def test_without_the_extra_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(SettingsError, match=r"pip install 'oddframe\[export\]'"):
        odd.export.export(Tiny(), tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(SettingsError, match=r"pip install 'oddframe\[openvino\]'"):
        odd.export.export(EfficientNetLite0(32), tmp_path, openvino=True)
    assert not list(tmp_path.iterdir())


def test_openvino_gives_the_same(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    backbone = EfficientNetLite0(32)
    onnx, xml, weights = odd.export.export(backbone, tmp_path, openvino=True)
    assert (onnx.suffix, xml.suffix, weights.suffix) == (".onnx", ".xml", ".bin")
    pixels = torch.randint(0, 256, (2, 1, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    given = pixels[:, 0].permute(0, 3, 1, 2).float().numpy()
    found = openvino.Core().compile_model(str(xml), "CPU")(given)[0]
    expected = backbone.embed(pixels).numpy()
    assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()  # bf16 where the processor has it


def test_an_exported_detector_scores_as_the_original(gate: Path) -> None:
    before, after = scores(odd.Detector.load(saved("kmeans"))), scores(odd.Detector.load(gate))
    assert before.keys() == after.keys()
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, atol=1e-4, rtol=1e-4, err_msg=name)


def test_an_exported_detector_may_be_moved_and_saved_again(gate: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(gate, moved)
    detector = odd.Detector.load(moved)
    assert detector.observer.settings()["backbone"]["settings"]["file"].startswith(str(moved.resolve()))  # type: ignore[index,call-overload,union-attr]
    detector.save(moved)
    assert str(tmp_path) not in json.dumps(json.loads((moved / INDEX).read_text())["document"]["observer"])
    again = tmp_path / "again"
    moved.rename(again)
    assert odd.Detector.load(again).observer.spec == detector.observer.spec


def test_a_network_that_was_changed_is_refused(gate: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(gate, copy)
    (file,) = (copy / "networks").iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="sha256"):
        odd.Detector.load(copy)


@pytest.mark.parametrize("place", ["{networks}/../../outside.onnx", "/outside.onnx"])
def test_a_network_outside_of_the_detector_is_not_read(gate: Path, tmp_path: Path, place: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(gate, copy)
    (file,) = (copy / "networks").iterdir()
    shutil.copy(file, tmp_path / "outside.onnx")
    index = json.loads((copy / INDEX).read_text())
    settings = index["document"]["observer"]["settings"]["backbone"]["settings"]
    settings["file"] = place if place.startswith("{") else f"{tmp_path}{place}"
    (copy / INDEX).write_text(json.dumps(index))
    with pytest.raises(StoreError, match="not in the weights folder"):
        odd.Detector.load(copy)


def test_what_cannot_be_exported_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no backbone that can be exported"):
        odd.export.export(saved("knn"), tmp_path / "out")
    with pytest.raises(SettingsError, match="no saved detector and no backbone"):
        odd.export.export("efficientnet", tmp_path / "out")
    with pytest.raises(SettingsError, match="takes no settings"):
        odd.export.export(saved("kmeans"), tmp_path / "out", settings={"size": 64})
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreError, match="is there already"):
        odd.export.export(saved("kmeans"), tmp_path / "out")


def test_other_networks_are_no_backbones(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    with pytest.raises(WeightsError, match="is no ONNX file"):
        OnnxBackbone(str(text))
    with pytest.raises(WeightsError, match="No such file"):
        OnnxBackbone(str(tmp_path / "none.onnx"))
