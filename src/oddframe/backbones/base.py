"""The backbone's contract: pixels in, one feature vector each out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from oddframe.types import Configured, Run


class Backbone(Configured, ABC):
    """A frozen network. Settings are its identity; weights load at the first use and stay.

    Pickled or copied, it leaves the loaded network (`_network`) behind and loads it again when it is needed.

    A picture backbone has `frames == 1` and takes (B, 1, H, W, 3); a video backbone takes its own number of frames.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_network": None}

    @property
    @abstractmethod
    def frames(self) -> int:
        """Frames per clip that it takes; 1 for pictures."""

    @property
    @abstractmethod
    def features(self) -> int:
        """Length of the vector that it gives."""

    @abstractmethod
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, frames, H, W, 3) uint8 RGB -> (B, features) float32. Resizing to what it wants is its own business."""
