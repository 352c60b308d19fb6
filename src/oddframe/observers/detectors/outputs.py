"""What detectors give, told apart by shape: the families of YOLO, DETR and SSD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.errors import WeightsError
from oddframe.observers.detectors.base import Detections
from oddframe.observers.detectors.suppression import suppress
from oddframe.types import FloatArray

Outputs = Mapping[str, npt.NDArray[Any]]

FAINT = 0.05
"""Score under which YOLO's thousands of candidates are not even compared with each other."""

SAME = 0.5
"""Intersection over union from which on two candidates of a class are one thing."""


def read_outputs(outputs: Outputs, width: int, height: int, *, no_object: bool = False) -> Detections:
    """Boxes in pixels of the network's input, `width` x `height`.

    - one output (1, 4 + C, N) or (1, N, 5 + C): YOLO, boxes by centre and size in pixels; of 5 + C, the fifth value is
      how certain it is that anything is there; (1, N, 6) of at most 1000: corners, score, class, already sifted;
    - two outputs (1, N, C) and (1, N, 4): DETR and RT-DETR, logits, and boxes by centre and size as shares;
    - three or four outputs: boxes (1, N, 4), scores, classes and perhaps how many, as SSD gives them: corners in
      pixels, or as shares, which with a count have y before x.

    Args:
        outputs: name -> array, in the network's order.
        width, height: of its input.
        no_object: whether the last logit says that nothing is there (DETR has it, RT-DETR has not).

    Raises:
        WeightsError: they are none of these.
    """
    arrays = list(outputs.values())
    shapes = [array.shape for array in arrays]
    if len(arrays) == 1 and arrays[0].ndim == 3 and len(arrays[0]) == 1 and min(shapes[0][1:]) > 4:
        return _yolo(arrays[0][0])
    if len(arrays) == 2 and all(a.ndim == 3 and len(a) == 1 for a in arrays) and shapes[0][1] == shapes[1][1]:
        by_name = sorted(outputs, key=lambda name: (outputs[name].shape[2] != 4, "box" not in name.lower()))
        boxes, logits = (outputs[name] for name in by_name)
        if boxes.shape[2] == 4 and logits.shape[2] > int(no_object):
            return detr(logits[0], boxes[0], width, height, no_object=no_object)
    if len(arrays) in (3, 4):
        found = _ssd(outputs, width, height)
        if found is not None:
            return found
    told = ", ".join(f"{name} {shape}" for name, shape in zip(outputs, shapes, strict=True))
    raise WeightsError(f"gives {told or 'nothing'}, which no detector does that is known here (YOLO, DETR, SSD)")


def detr(logits: FloatArray, boxes: FloatArray, width: int, height: int, *, no_object: bool) -> Detections:
    """(N, C) logits and (N, 4) centres and sizes as shares -> the best class of each, in pixels."""
    logits = logits.astype(np.float64)
    if no_object:
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance = (odds / odds.sum(axis=1, keepdims=True))[:, :-1]
    else:
        chance = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    return _best(_corners(boxes) * [width, height, width, height], chance)


def _yolo(rows: npt.NDArray[Any]) -> Detections:
    """(4 + C, N) or (N, 5 + C) or (N, 6)."""
    if rows.shape[0] < rows.shape[1] and not _is_sifted(rows):
        return _apart(_best(_corners(rows[:4].T), rows[4:].T))
    if _is_sifted(rows):
        return Detections(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))
    return _apart(_best(_corners(rows[:, :4]), rows[:, 4:5] * rows[:, 5:]))


def _is_sifted(rows: npt.NDArray[Any]) -> bool:
    """Whether classes stand in the last of six columns, where chances are seldom whole numbers."""
    return rows.shape[1] == 6 and len(rows) <= 1000 and bool((rows[:, 5] == np.round(rows[:, 5])).all())


def _best(boxes: npt.NDArray[Any], chance: npt.NDArray[Any]) -> Detections:
    return Detections(boxes, chance.max(axis=1), chance.argmax(axis=1))


def _corners(boxes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(N, 4) centre and size -> corners."""
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)


def _apart(found: Detections) -> Detections:
    """Of candidates of one class that overlap, the most certain."""
    return suppress(found.over(FAINT), SAME, by_kind=True)


def _ssd(outputs: Outputs, width: int, height: int) -> Detections | None:
    """Boxes, scores, classes and perhaps a count; None where it is not that."""
    flat = {name: array[0] if array.ndim > 1 and len(array) == 1 else array for name, array in outputs.items()}
    boxes = next((a for a in flat.values() if a.ndim == 2 and a.shape[1] == 4), None)
    if boxes is None:
        return None
    rows = [(name, a) for name, a in flat.items() if a.ndim == 1 and len(a) == len(boxes)]
    counts = [a for a in flat.values() if a.size == 1 and a.ndim < 2][: len(outputs) - 3]
    rows = [(name, a) for name, a in rows if not any(a is count for count in counts)]
    if len(rows) != 2 or len(counts) != len(outputs) - 3:
        return None
    scores, kinds = (a for _, a in sorted(rows, key=lambda row: _unlike_scores(*row)))
    if len(boxes) and float(np.abs(boxes).max()) <= 2:
        boxes = (boxes[:, [1, 0, 3, 2]] if counts else boxes) * [width, height, width, height]
    found = Detections(boxes, scores, kinds.astype(np.int64))
    return found.select(np.arange(int(counts[0].reshape(())))) if counts else found


def _unlike_scores(name: str, values: npt.NDArray[Any]) -> tuple[bool, bool, bool]:
    """Sorts scores first: by name, by type, and by what they are."""
    whole = not np.issubdtype(values.dtype, np.floating)
    return "score" not in name.lower(), whole, bool((values == np.round(values)).all())
