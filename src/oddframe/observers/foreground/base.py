"""The contract of foreground: frames in, boxes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from oddframe.types import Configured, FloatArray, VideoInfo

if TYPE_CHECKING:
    from oddframe.observers.foreground.flow import RecentFlow


class ForegroundStream(ABC):
    """One video, frame by frame."""

    @abstractmethod
    def boxes(self, recent: RecentFlow, known: FloatArray) -> FloatArray:
        """What is to be seen in the newest frame, besides what is known of it.

        Call it for every frame, in order.

        Args:
            recent: the newest frames, this one included.
            known: (K, 4) x0 y0 x1 y1 in pixels of the working picture: what a detector found.

        Returns:
            (N, 4) in pixels of the working picture.
        """


class Foreground(Configured, ABC):
    """Finds boxes of whatever moves, without knowing what it is. Its constructor is its whole identity.

    `short_side` says how large its working picture is: pixels of the shorter side; None = that of the source.
    """

    short_side: int | None

    @abstractmethod
    def behind(self, video: VideoInfo) -> int:
        """How many frames before one it has to see to say what is in it."""

    @abstractmethod
    def least_area(self, pixels: int) -> float:
        """Pixels of the least box that it gives, in a working picture of so many pixels; detectors keep to it too."""

    @abstractmethod
    def open(self, video: VideoInfo) -> ForegroundStream:
        """Start on a video."""
