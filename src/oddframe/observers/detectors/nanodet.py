"""NanoDet: a small object detector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from oddframe.observers.detectors.packaged import FAINT, STRIDES, Maps, PackagedDetector
from oddframe.types import FloatArray, ImageArray

MEAN: FloatArray = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION: FloatArray = np.array([57.375, 57.12, 58.395], np.float32)
"""Of blue, green and red, as the network was trained; the package that carries the weights divides by 255 instead,
which finds half as much."""


class NanoDet(PackagedDetector):
    """NanoDet-g, 3.8 million parameters, COCO's 80 classes (`oddframe models get nanodet`).

    Each cell of three maps (8, 16 and 32 pixels a cell) says how likely each class is, and how far the box reaches to
    the left, up, to the right and down: a distribution over 0 .. 10 cells, of which the mean counts (Li et al. 2020,
    "Generalized Focal Loss", 3.2).

    Settings, and what is raised, are those of `PackagedDetector`; features have 128, 256 and 512 values.
    """

    name = "nanodet"
    background = (124, 116, 104)

    @property
    def maps(self) -> tuple[str, ...]:
        return tuple(f"{what}{stride}" for stride in STRIDES for what in ("classes", "distances"))

    def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
        values = (picture[..., ::-1].astype(np.float32) - MEAN) / DEVIATION
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None])  # (1, 3, h, w), blue first

    def candidates(self, maps: Maps) -> tuple[FloatArray, FloatArray]:
        found = [_candidates(maps[f"classes{stride}"][0], maps[f"distances{stride}"][0], stride) for stride in STRIDES]
        return np.concatenate([boxes for boxes, _ in found]), np.concatenate([chances for _, chances in found])


def _candidates(
    classes: npt.NDArray[np.float32], distances: npt.NDArray[np.float32], stride: int
) -> tuple[FloatArray, FloatArray]:
    """(C, h, w) and (44, h, w) -> (N, 4) boxes and (N, C)."""
    y, x = np.nonzero(classes.max(axis=0) > FAINT)
    bins = distances[:, y, x].T.reshape(len(x), 4, len(distances) // 4)  # (N, 4, 11)
    odds = np.exp(bins - bins.max(axis=2, keepdims=True))
    reach = (odds / odds.sum(axis=2, keepdims=True)) @ np.arange(bins.shape[2], dtype=np.float32) * stride  # (N, 4)
    centre = (np.stack([x, y], 1) + np.float32(0.5)) * stride
    boxes = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], axis=1)
    return np.asarray(boxes, np.float32), np.asarray(classes[:, y, x].T, np.float32)
