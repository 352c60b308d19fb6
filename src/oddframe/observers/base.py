"""The observer's contract: frames in, observations out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from oddframe.errors import SettingsError
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


SLOWEST = 2
"""Frames a second under which things cannot be followed from frame to frame."""


def check_fast_enough(video: VideoInfo) -> None:
    """Refuse a video in which nothing can be followed.

    Raises:
        SettingsError: under 2 frames a second; the message names what works there.
    """
    if video.fps < SLOWEST:
        raise SettingsError(
            f"{video.id}: {float(video.fps):g} frames a second are too few to follow things, which takes {SLOWEST} or"
            " more; look at whole frames (--detector knn-snippet, or llsh-snippet), or give the true rate (--fps)"
        )


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
