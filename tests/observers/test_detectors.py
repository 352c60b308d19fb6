"""Detectors of every family give the same boxes in the picture's own pixels; what is no detector is told so."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from oddframe import catalog
from oddframe.errors import WeightsError
from oddframe.observers.detectors.base import Detections
from oddframe.observers.detectors.onnx import Onnx
from oddframe.observers.detectors.outputs import read_outputs
from oddframe.types import ImageArray
from tests.observers.onnx_file import constant

Arrays = dict[str, npt.NDArray[Any]]
PICTURE: ImageArray = np.zeros((120, 160, 3), np.uint8)
BOXES = np.array([[16, 12, 48, 60], [80, 24, 144, 72]], np.float64)
"""Of the picture; class 2 of score 0.9 and class 0 of score 0.6."""


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def centred(boxes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def yolo8() -> Arrays:
    """3 classes, 100 candidates; the first box once more, a little beside it and less certain."""
    rows = np.zeros((100, 7), np.float32)
    rows[[3, 50], :4] = centred(BOXES * 2)
    rows[60, :4] = rows[3, :4] + 1
    rows[3, 6], rows[60, 6], rows[50, 4] = 0.9, 0.8, 0.6
    return {"output0": np.ascontiguousarray(rows.T[None])}


def yolo5() -> Arrays:
    rows = np.zeros((1, 100, 8), np.float32)
    rows[0, [3, 50], :4] = centred(BOXES * 2)
    rows[0, 3, [4, 7]], rows[0, 50, [4, 5]] = [0.9, 1.0], [0.75, 0.8]
    return {"output": rows}


def sifted() -> Arrays:
    rows = np.zeros((1, 10, 6), np.float32)
    rows[0, :2, :4], rows[0, :2, 4], rows[0, :2, 5] = BOXES * 2, [0.9, 0.6], [2, 0]
    return {"output0": rows}


def rt_detr() -> Arrays:
    logits = np.full((1, 5, 3), -9, np.float32)
    logits[0, 0, 2], logits[0, 1, 0] = logit(0.9), logit(0.6)
    boxes = np.zeros((1, 5, 4), np.float32)
    boxes[0, :2] = centred(BOXES / [160, 120, 160, 120])
    return {"logits": logits, "pred_boxes": boxes}


def ssd() -> Arrays:
    boxes = np.zeros((1, 5, 4), np.float32)
    boxes[0, :2] = (BOXES / [160, 120, 160, 120])[:, [1, 0, 3, 2]]
    scores, classes = np.array([[0.9, 0.6, 0, 0, 0]], np.float32), np.array([[2, 0, 0, 0, 0]], np.float32)
    return {"boxes": boxes, "classes": classes, "scores": scores, "count": np.array([2], np.float32)}


def corners() -> Arrays:
    return {
        "labels": np.array([2, 0], np.int64),
        "boxes": np.asarray(BOXES * [2, 8 / 3, 2, 8 / 3], np.float32),
        "scores": np.array([0.9, 0.6], np.float32),
    }


def check(found: Detections) -> None:
    found = found.over(0.2)
    assert found.kind.tolist() == [2, 0]
    np.testing.assert_allclose(found.score, [0.9, 0.6], atol=1e-5)
    np.testing.assert_allclose(found.box, BOXES, atol=1e-3)


@pytest.mark.parametrize("family", [yolo8, yolo5, sifted, rt_detr, ssd, corners])
def test_every_family_is_read_in_the_picture_s_pixels(family: Any, tmp_path: Path) -> None:
    """All take 320 x 320: YOLO with the picture's aspect kept, so twice its size; the others squeezed."""
    outputs = family()
    keep = "letterbox" if len(outputs) == 1 else "auto"
    for name, picture, kind in (("a", (1, 3, 320, 320), "float32"), ("b", (1, 320, 320, 3), "uint8")):
        file = constant(tmp_path / f"{name}.onnx", outputs, picture, kind)
        check(catalog.build("object-detector", "onnx", {"file": file, "fit": keep}).find(PICTURE))


def test_open_sides_are_given_a_size(tmp_path: Path) -> None:
    check(Onnx(constant(tmp_path / "a.onnx", yolo8(), (1, 3, 0, 0)), size=320).find(PICTURE))


def test_the_last_logit_may_say_that_nothing_is_there() -> None:
    logits = np.log(np.array([[[0.02, 0.03, 0.9, 0.05], [0.01, 0.01, 0.08, 0.9]]], np.float32))
    outputs = {"logits": logits, "boxes": np.full((1, 2, 4), 0.5, np.float32)}
    found = read_outputs(outputs, 8, 8, no_object=True)
    np.testing.assert_allclose(found.score, [0.9, 0.08], atol=1e-6)
    assert found.kind.tolist() == [2, 2]


def test_what_is_no_detector_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(WeightsError, match=r"text\.onnx: is no ONNX file"):
        Onnx(str(tmp_path / "text.onnx")).find(PICTURE)
    with pytest.raises(WeightsError, match="there is no such file"):
        Onnx(str(tmp_path / "none.onnx"))
    classifier = constant(tmp_path / "classes.onnx", {"probabilities": np.zeros((1, 1000), np.float32)}, (1, 3, 8, 8))
    with pytest.raises(WeightsError, match=r"classes\.onnx: gives probabilities \(1, 1000\), which no detector does"):
        Onnx(classifier).find(PICTURE)
    words = constant(tmp_path / "words.onnx", yolo8(), (1, 8))
    with pytest.raises(WeightsError, match="takes no picture"):
        Onnx(words).find(PICTURE)


def test_another_file_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    file = constant(tmp_path / "a.onnx", yolo8(), (1, 3, 320, 320))
    before = Onnx(file)
    constant(tmp_path / "a.onnx", yolo5(), (1, 3, 320, 320))
    assert Onnx(file).identity() != before.identity()
    with pytest.raises(WeightsError, match="its content is not what it was"):
        before.find(PICTURE)


def test_a_detector_travels_to_another_process_without_its_network(tmp_path: Path) -> None:
    detector = Onnx(constant(tmp_path / "a.onnx", yolo8(), (1, 3, 320, 320)))
    detector.find(PICTURE)
    check(pickle.loads(pickle.dumps(detector)).find(PICTURE))


def test_a_detector_of_transformers(tmp_path: Path) -> None:
    """A tiny YOLOS of random weights: boxes in the picture's pixels, as by hand; weights that changed are noticed."""
    transformers = pytest.importorskip("transformers", reason="pip install 'oddframe[hf]'")
    config = transformers.YolosConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=[32, 48],
        patch_size=16, num_detection_tokens=6, num_labels=3, use_mid_position_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.AutoModelForObjectDetection.from_config(config).eval()
    model.save_pretrained(tmp_path)
    prepared = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 32, "width": 48}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(prepared))
    detector = catalog.build("object-detector", "hf-detector", {"model": str(tmp_path)})
    image = np.random.default_rng(0).integers(0, 255, (32, 48, 3)).astype(np.uint8)
    found = detector.find(image)
    with torch.inference_mode():
        out = model(torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1)
    np.testing.assert_allclose(found.score, out.logits.softmax(-1)[0, :, :-1].amax(-1), atol=1e-4)
    centre = (found.box[:, :2] + found.box[:, 2:]) / 2
    np.testing.assert_allclose(centre, out.pred_boxes[0, :, :2] * torch.tensor([48, 32]), atol=1e-2)
    again = pickle.loads(pickle.dumps(detector))
    assert again.identity() == detector.identity()
    transformers.AutoModelForObjectDetection.from_config(config).save_pretrained(tmp_path)
    with pytest.raises(WeightsError, match="its files are not those of"):
        again.find(image)
