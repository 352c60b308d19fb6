"""The sequence observer: the last few frames, resized, as they are."""

from __future__ import annotations

import torch

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.sequence_stream import SequenceStream
from oddframe.types import Field, Run, Spec, VideoInfo, Window


class Sequence(Observer):
    """Gives each frame together with those before it, for models that look at pixels (paper LGN-Net, 3: 4 + 1 frames).

    One observation a frame, from the first that has enough frames before it: about that frame, known with it, and its
    box is the whole picture. The entry `frames` is uint8, (length, channels, size, size), oldest first; channels are
    red, green and blue, or with `grey` one of brightness. The picture is squeezed to a square, averaged where it
    shrinks and interpolated where it grows.

    Args:
        size: pixels of each side.
        grey: whether to keep brightness alone.
        length: frames of one observation, the last of which it is about.
        step: frames from one to the next; papers count frames, at whatever rate.

    Raises:
        SettingsError: a value out of range.

    >>> Sequence().spec.fields["frames"].shape
    (5, 3, 256, 256)
    """

    name = "sequence"

    def __init__(self, *, size: int = 256, grey: bool = False, length: int = 5, step: int = 1) -> None:
        if min(size, length, step) < 1:
            raise SettingsError("sequence: size, length and step are at least 1")
        self.size, self.grey, self.length, self.step = size, grey, length, step

    @property
    def spec(self) -> Spec:
        shape = (self.length, 1 if self.grey else 3, self.size, self.size)
        return Spec({"frames": Field(shape, torch.uint8, slide=self.step)})

    def window(self, video: VideoInfo) -> Window:
        """The frames of one observation, about the last of them."""
        return Window(length=self.length, dilation=self.step, about=(self.length - 1) * self.step)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return SequenceStream(self, video)
