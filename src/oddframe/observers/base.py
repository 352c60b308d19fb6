"""The observer's contract: frames in, observations out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from oddframe.types import Configured, Frame, Medium, Observations, Run, Spec, VideoInfo, Window


class ObservationStream(ABC):
    """One video being observed. Frames go in one by one, in order; observations come out, perhaps later.

    What comes out, concatenated, depends on the frames alone, never on how fast they came.
    """

    @abstractmethod
    def push(self, frame: Frame) -> Observations:
        """Take the next frame; give what is finished by now (maybe nothing) and how far that reaches (`through`)."""

    @abstractmethod
    def close(self) -> Observations:
        """No more frames: give the rest. `through` is then the number of frames pushed."""


class Observer(Configured, ABC):
    """Turns frames into observations. Stateless and unfitted: its constructor is its whole identity.

    `medium` says what it looks at in a frame; it may depend on the settings.
    """

    medium: Medium = "pictures"

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """Names, shapes and dtypes of the data it gives."""

    @abstractmethod
    def window(self, video: VideoInfo) -> Window:
        """The frames that one observation needs, at this video's frame rate."""

    @abstractmethod
    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        """Start to observe a video."""
