"""Dense optical flow between two pictures of one view."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import FloatArray, ImageArray

Grey = npt.NDArray[np.uint8]


def working_grey(image: ImageArray, short_side: int) -> Grey:
    """A grey picture whose shorter side has at most `short_side` pixels; (H, W, 3) -> (h, w) uint8."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = short_side / min(grey.shape)
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


class InverseSearchFlow:
    """Dense inverse-search optical flow, medium preset (Kroeger et al., ECCV 2016).

    Each result depends on its two pictures alone.
    """

    def __init__(self) -> None:
        self._algorithm = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, previous: Grey, current: Grey) -> FloatArray:
        """How far each pixel of `current` has come since `previous`: (h, w, 2) pixels, x then y.

        Pictures under 16 pixels hold no flow: zeros.
        """
        if min(current.shape) < 16:
            return np.zeros((*current.shape, 2), np.float32)
        # Searched backwards, so that motion is told where things are now, not where they were.
        back = self._algorithm.calc(current, previous, np.zeros((*current.shape, 2), np.float32))
        return np.asarray(-back, np.float32)
