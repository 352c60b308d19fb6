"""The object detector's contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from oddframe.types import Configured, FloatArray, ImageArray, IntArray, Run, Value, frozen_array


@dataclass(frozen=True, slots=True, eq=False)
class Detections(Value):
    """What was found in one picture.

    Args:
        box: (N, 4) x0 y0 x1 y1 in pixels of the picture; may reach beyond its edges.
        score: (N,) 0 .. 1.
        kind: (N,) which class each is, by the detector's own count.
        probability: (N, C) 0 .. 1, how likely each is each class, where the detector says so.
        features: name -> (N, D) what the network saw inside of each box, where that was asked for.

    Raises:
        ValueError: shapes disagree.
    """

    box: FloatArray
    score: FloatArray
    kind: IntArray
    probability: FloatArray | None = None
    features: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "box", frozen_array(self.box, np.float32, "box", None, 4))
        count = len(self.box)
        put(self, "score", frozen_array(self.score, np.float32, "score", count))
        put(self, "kind", frozen_array(self.kind, np.int64, "kind", count))
        if self.probability is not None:
            put(self, "probability", frozen_array(self.probability, np.float32, "probability", count, None))
        features = {name: frozen_array(rows, np.float32, name, count, None) for name, rows in self.features.items()}
        put(self, "features", features)

    def __len__(self) -> int:
        return len(self.box)

    def over(self, score: float) -> Detections:
        """Those with a higher score, of finite boxes."""
        return self.select((self.score > score) & np.isfinite(self.box).all(axis=1))

    def select(self, rows: np.typing.NDArray[np.bool_] | IntArray) -> Detections:
        """Some of them."""
        probability = None if self.probability is None else self.probability[rows]
        features = {name: values[rows] for name, values in self.features.items()}
        return Detections(self.box[rows], self.score[rows], self.kind[rows], probability, features)

    def moved(self, x: float, y: float) -> Detections:
        """The same, so many pixels further to the right and down."""
        return replace(self, box=self.box + np.array([x, y, x, y], np.float32))

    @staticmethod
    def concatenate(parts: Sequence[Detections]) -> Detections:
        """All of several that come from one detector; at least one part."""
        first = parts[0]
        return Detections(
            np.concatenate([part.box for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.kind for part in parts]),
            None
            if first.probability is None
            else np.concatenate([part.probability for part in parts if part.probability is not None]),
            {name: np.concatenate([part.features[name] for part in parts]) for name in first.features},
        )


class ObjectDetector(Configured, ABC):
    """A frozen network that finds things. Settings are its identity; weights load at the first use and stay."""

    @abstractmethod
    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        """What is in a picture (H, W, 3) uint8 RGB; resizing to what the network wants is its own business."""
