"""Dense optical flow between pictures of one view, and how far things have come since the newest frames."""

from __future__ import annotations

from collections import deque

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


class RecentFlow:
    """Keeps frames, and computes each flow once, whoever asks for it.

    Args:
        short_side: pixels of the working picture's shorter side; None = that of the source.
        reach: frames back that are kept.
    """

    def __init__(self, short_side: int | None, reach: int) -> None:
        self._short_side = short_side
        self._greys: deque[Grey] = deque(maxlen=reach + 1)
        self._flows: dict[int, FloatArray] = {}
        self._flow = InverseSearchFlow()
        self.scale = 1.0  # source pixels in a pixel of the working picture

    def push(self, image: ImageArray) -> None:
        """The next frame, (H, W, 3) RGB."""
        grey = working_grey(image, self._short_side or min(image.shape[:2]))
        self.scale = image.shape[0] / grey.shape[0]
        self._greys.append(grey)
        self._flows.clear()

    def grey(self, back: int = 0) -> Grey | None:
        """The frame so many frames ago; None before the video's beginning."""
        return self._greys[-1 - back] if back < len(self._greys) else None

    def flow(self, back: int) -> FloatArray | None:
        """(h, w, 2) by how many working pixels, x then y, each pixel has come in so many frames; None as `grey`."""
        before, now = self.grey(back), self.grey()
        if before is None or now is None:
            return None
        if back not in self._flows:
            self._flows[back] = self._flow(before, now)
        return self._flows[back]
