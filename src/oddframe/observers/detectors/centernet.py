"""CenterNet: a smaller object detector."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.observers.detectors.packaged import FAINT, Maps, PackagedDetector
from oddframe.types import FloatArray, ImageArray

STRIDE = 4
"""Pixels of the network's input from one cell of its maps to the next."""


class CenterNet(PackagedDetector):
    """CenterNet on MobileNetV3, 2.0 million parameters, COCO's 80 classes (`oddframe models get centernet`).

    Each cell of one map says how likely it is the centre of something of each class, where it is a peak, and how far
    the box reaches to the left, up, to the right and down (Zhou et al. 2019, "Objects as Points", 4).

    Settings, and what is raised, are those of `PackagedDetector`; features have 32, 88 and 480 values.
    """

    name = "centernet"
    background = (114, 114, 114)

    @property
    def maps(self) -> tuple[str, ...]:
        return "classes", "distances"

    def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
        return np.asarray(picture[None], np.float32)  # (1, h, w, 3), red first, 0 .. 255

    def candidates(self, maps: Maps) -> tuple[FloatArray, FloatArray]:
        classes, distances = maps["classes"][0], maps["distances"][0]  # (C, h, w), (4, h, w)
        best = classes.max(axis=0)
        peak = best == cv2.dilate(best, np.ones((3, 3), np.uint8))
        y, x = np.nonzero(peak & (best > FAINT))
        centre, reach = np.stack([x, y], 1) * np.float32(STRIDE), distances[:, y, x].T
        boxes = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], axis=1)
        return np.asarray(boxes, np.float32), np.asarray(classes[:, y, x].T, np.float32)
