"""The newest frames of a video in grey, and how far things have come since each of them."""

from __future__ import annotations

from collections import deque

from oddframe.observers.flow import Grey, InverseSearchFlow, working_grey
from oddframe.types import FloatArray, ImageArray


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
