"""The features observer: what a network has already said of each segment, as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.types import Field, FloatArray, Frame, Observations, Run, Spec, VideoInfo, Window


class Features(Observer):
    """Gives one observation a segment of a recording of features, about its middle frame and the whole picture.

    Its entry `feature` is (crops, size).

    Args:
        size: values of a feature (I3D: 1024 or 2048; C3D: 4096).
        crops: crops of each picture (XD-Violence: 5; ten-crop features: 10).
        segment: frames that a feature stands for.

    Raises:
        SettingsError: a value out of range; or, when it looks, a recording with other numbers.
    """

    name = "features"
    medium = "features"

    def __init__(self, *, size: int = 1024, crops: int = 1, segment: int = 16) -> None:
        if min(size, crops, segment) < 1:
            raise SettingsError(f"features: size, crops and segment are at least 1, not {size}, {crops} and {segment}")
        self.size, self.crops, self.segment = size, crops, segment

    @property
    def spec(self) -> Spec:
        return Spec({"feature": Field((self.crops, self.size), crops=True)})

    def window(self, video: VideoInfo) -> Window:
        """The segment, whatever the frame rate."""
        return Window(length=self.segment, stride=self.segment, about=self.segment // 2)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return FeatureStream(self, video)


class FeatureStream(ObservationStream):
    """Waits for the frames that carry a feature."""

    def __init__(self, observer: Features, video: VideoInfo) -> None:
        self._observer, self._video = observer, video
        self._seen = 0
        self._nothing = Observations.none(video.id, observer.spec)  # most frames give it: made once a segment

    def push(self, frame: Frame) -> Observations:
        self._seen = frame.index + 1
        if (frame.feature is None) == (self._seen % self._observer.segment == 0):
            raise SettingsError(
                f"{self._video.id}: its segments are not {self._observer.segment} frames long, as frame {frame.index}"
                f" {'lacks' if frame.feature is None else 'has'} a feature; set the same segment for both"
            )
        if frame.feature is None:
            return self._nothing
        self._nothing = replace(self._nothing, through=self._seen)
        return self._observed(frame.feature)

    def close(self) -> Observations:
        return replace(self._nothing, through=self._seen)

    def _observed(self, feature: FloatArray) -> Observations:
        crops, size = feature.shape
        if (crops, size) != (self._observer.crops, self._observer.size):
            raise SettingsError(
                f"{self._video.id}: has {crops} crops of {size} values where the observer takes"
                f" {self._observer.crops} of {self._observer.size}; set its crops={crops} and size={size}"
            )
        first = self._seen - self._observer.segment
        return Observations(
            video=self._video.id,
            frame=np.array([first + self._observer.segment // 2]),
            span=np.array([[first, self._seen]]),
            ready=np.array([self._seen - 1]),
            box=np.array([[0, 0, self._video.width, self._video.height]], np.float32),
            data={"feature": torch.from_numpy(feature.copy())[None]},  # (1, crops, size)
            through=self._seen,
        )
