"""The object detector's contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from oddframe.types import Configured, FloatArray, ImageArray, IntArray, Run, Value, frozen_array


@dataclass(frozen=True, slots=True, eq=False)
class Detections(Value):
    """What was found in one picture.

    Args:
        box: (N, 4) x0 y0 x1 y1 in pixels of the picture; may reach beyond its edges.
        score: (N,) 0 .. 1.
        kind: (N,) which class each is, by the detector's own count.

    Raises:
        ValueError: shapes disagree.
    """

    box: FloatArray
    score: FloatArray
    kind: IntArray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "box", frozen_array(self.box, np.float32, "box", None, 4))
        put(self, "score", frozen_array(self.score, np.float32, "score", len(self.box)))
        put(self, "kind", frozen_array(self.kind, np.int64, "kind", len(self.box)))

    def __len__(self) -> int:
        return len(self.box)

    def over(self, score: float) -> Detections:
        """Those with a higher score, of finite boxes."""
        return self.select((self.score > score) & np.isfinite(self.box).all(axis=1))

    def select(self, rows: np.typing.NDArray[np.bool_] | IntArray) -> Detections:
        """Some of them."""
        return Detections(self.box[rows], self.score[rows], self.kind[rows])


class ObjectDetector(Configured, ABC):
    """A frozen network that finds things. Settings are its identity; weights load at the first use and stay."""

    @abstractmethod
    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        """What is in a picture (H, W, 3) uint8 RGB; resizing to what the network wants is its own business."""
