"""Dense optical flow between pictures of one view, and how far things have come since the newest frames."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import HALF, FloatArray, ImageArray

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

    How far back is counted in nominal frames: n of them before the newest frame is the last one that is at least
    n - 1/2 nominal steps earlier. At a constant rate that is the n-th before it.

    Args:
        short_side: pixels of the working picture's shorter side; None = that of the source.
        reach: nominal frames back that are kept.
    """

    def __init__(self, short_side: int | None, reach: int) -> None:
        self._short_side, self._reach = short_side, reach
        self._greys: deque[Grey] = deque()
        self._positions: deque[float] = deque()
        self._flows: dict[int, FloatArray] = {}
        self._flow = InverseSearchFlow()
        self.scale = 1.0  # source pixels in a pixel of the working picture

    @property
    def position(self) -> float:
        """When the newest frame is, in nominal frames."""
        return self._positions[-1]

    def push(self, image: ImageArray, position: float | None = None) -> None:
        """Take the next frame.

        Args:
            image: (H, W, 3) RGB.
            position: when it is, in nominal frames (`Times.position`); None = one after the last.
        """
        grey = working_grey(image, self._short_side or min(image.shape[:2]))
        self.scale = image.shape[0] / grey.shape[0]
        self._greys.append(grey)
        after = self._positions[-1] + 1 if self._positions else 0.0
        self._positions.append(after if position is None else position)
        while len(self._positions) > 1 and self._positions[1] <= self.position - self._reach + HALF:
            self._greys.popleft()
            self._positions.popleft()
        self._flows.clear()

    def _place(self, back: int) -> int | None:
        """The place of the frame so many nominal frames ago; None before the video's beginning."""
        if not back:
            return len(self._positions) - 1 if self._positions else None
        for place in range(len(self._positions) - 2, -1, -1):
            if self._positions[place] <= self.position - back + HALF:
                return place
        return None

    def grey(self, back: int = 0) -> Grey | None:
        """(h, w) of the frame so many nominal frames ago; None before the video's beginning."""
        place = self._place(back)
        return None if place is None else self._greys[place]

    def elapsed(self, back: int) -> float:
        """How many nominal frames have really passed since the frame that is taken for so many ago."""
        place = self._place(back)
        return float(back) if place is None else self.position - self._positions[place]

    def flow(self, back: int) -> FloatArray | None:
        """(h, w, 2) by how many working pixels, x then y, each pixel has come since `grey(back)`; None as there."""
        place = self._place(back)
        if place is None:
            return None
        if place not in self._flows:
            self._flows[place] = self._flow(self._greys[place], self._greys[-1])
        return self._flows[place]
