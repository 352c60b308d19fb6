"""The backbone's contract: pixels in, one feature vector each out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor
from torch.nn import functional

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

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the cells, each of which gets a vector of its own; (1, 1) = one for the whole clip."""
        return 1, 1

    @abstractmethod
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, frames, H, W, 3) uint8 RGB -> (B, features) float32. Resizing to what it wants is its own business.

        With a grid of more than one cell, (B, rows, columns, features).
        """


def pixels_of(clips: Tensor, size: int, device: str = "cpu", *, antialias: bool = True) -> Tensor:
    """Clips as networks take them: channels first, float32, square; pictures without the axis of time.

    Args:
        clips: (B, T, H, W, 3) uint8.
        size: side of the squares, in pixels; what is not square is squeezed.
        device: where the result is.
        antialias: whether large pictures are averaged down, or picked from.

    Returns:
        (B, 3, size, size) where T is 1, else (B, 3, T, size, size); values 0 to 255.
    """
    x = clips.to(device).flatten(0, 1).permute(0, 3, 1, 2).float()  # (B * T, 3, H, W)
    if x.shape[-2:] != (size, size):
        x = functional.interpolate(x, (size, size), mode="bilinear", antialias=antialias)
    if clips.shape[1] == 1:
        return x
    return x.reshape(*clips.shape[:2], *x.shape[1:]).transpose(1, 2)
