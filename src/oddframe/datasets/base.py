"""The data set interface: videos of two splits, with labels that are read when they are first needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

from oddframe.errors import DataError, SettingsError
from oddframe.types import BoolArray, Configured, FloatArray, IntArray, Medium, Value, VideoId, VideoInfo, frozen_array

if TYPE_CHECKING:
    from oddframe.video import Video  # at run time, listing the names of data sets must not load OpenCV

Split: TypeAlias = Literal["training", "testing"]

Labeller: TypeAlias = Callable[[VideoInfo], BoolArray]
"""The labels of a video whose frames are counted."""

Masker: TypeAlias = Callable[[VideoInfo], Iterator[BoolArray]]
"""A fresh pass over the (H, W) masks of a video whose frames are counted, one a frame."""

SPLITS: tuple[Split, ...] = ("training", "testing")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledBoxes(Value):
    """The abnormal regions of one video, as published.

    Args:
        frame: (G,) the frame that each lies in.
        box: (G, 4) x0 y0 x1 y1 in pixels.
        track: (G,) identity over time, within the video.
    """

    frame: IntArray
    box: FloatArray
    track: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", frozen_array(self.frame, np.int64, "frame", None))
        object.__setattr__(self, "box", frozen_array(self.box, np.float32, "box", len(self.frame), 4))
        object.__setattr__(self, "track", frozen_array(self.track, np.int64, "track", len(self.frame)))


Boxer: TypeAlias = Callable[[VideoInfo], LabelledBoxes]
"""The abnormal regions of a video whose frames are counted."""


@dataclass(frozen=True, eq=False)
class LabelledVideo:
    """A video and its ground truth. Nothing is opened or decoded before it is asked for.

    Args:
        name: the video's name, unique within its split.
        split: "training" or "testing".
        opener: opens the video.
        labeller: the counted video -> (F,) whether each frame is abnormal, or a DataError; None = no labels.
        masker: the counted video -> a pass over (H, W) masks, True where something is abnormal; None = no masks.
        boxer: the counted video -> its abnormal regions; None = no regions.
        label: whether something abnormal happens in the video, where that is published (weak labels); else None.
    """

    name: VideoId
    split: Split
    opener: Callable[[], Video]
    labeller: Labeller | None = None
    masker: Masker | None = None
    boxer: Boxer | None = None
    label: bool | None = None

    @cached_property
    def video(self) -> Video:
        """The video, opened once; its identity is `name`. Raises what `open_video` raises."""
        return self.opener()

    def named(self, name: VideoId) -> LabelledVideo:
        """Return the same video under another name."""
        return replace(self, name=name, opener=lambda: self.opener().named(name))

    @cached_property
    def labels(self) -> BoolArray | None:
        """Read the frame labels. Counts the frames, which takes a pass over video files that were not read yet.

        Returns:
            (F,) whether each frame is abnormal; None where there are no labels, as for normal training videos.

        Raises:
            DataError: the label file is damaged, or made for another number of frames.
            VideoError: the video cannot be read.
        """
        if self.labeller is None:
            return None
        self.video.count()
        return frozen_array(self.labeller(self.video.info), np.bool_, "labels", self.video.info.frames)

    @property
    def has_masks(self) -> bool:
        """Whether the abnormal pixels of this video are published."""
        return self.masker is not None

    @property
    def has_boxes(self) -> bool:
        """Whether the abnormal regions of this video are published."""
        return self.boxer is not None

    def boxes(self) -> LabelledBoxes:
        """Read the abnormal regions with their tracks. Counts the frames.

        Raises:
            DataError: none are published, or they do not fit the video.
        """
        if self.boxer is None:
            raise DataError(f"{self.name}: has no boxes; ask `has_boxes` first")
        frames, found = self.video.count(), self.boxer(self.video.info)
        if len(found.frame) and int(found.frame.max()) >= frames:
            raise other_length("its boxes", self.name, int(found.frame.max()) + 1, frames)
        return found

    def masks(self) -> Iterator[BoolArray]:
        """Read the masks, one at a time in the order of frames: (H, W) bool, True where something is abnormal.

        Raises:
            DataError: none are published, or their number or size is not that of the video's frames.
        """
        if self.masker is None:
            raise DataError(f"{self.name}: has no pixel masks; ask `has_masks` first")
        frames, info, seen = self.video.count(), self.video.info, 0
        for mask in self.masker(info):
            if mask.shape != (info.height, info.width):
                size = f"{mask.shape[1]} x {mask.shape[0]}"
                raise DataError(f"{self.name}: mask {seen} is {size} where the video is {info.width} x {info.height}")
            seen += 1
            if seen <= frames:
                yield mask
        if seen != frames:
            raise other_length("its masks", self.name, seen, frames)


class DataSet(Configured, ABC):
    """Base class of data sets: videos of a training and a testing split.

    A class sets `name` and `citation`, and its constructor takes the place of the data. Construction reads nothing.
    `medium` says what its recordings hold; it may depend on the settings.
    """

    medium: Medium = "pictures"
    citation: ClassVar[str]

    def videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        """List the videos of a split in natural order of their names; labels are not read yet.

        Args:
            split: "training" or "testing".

        Raises:
            SettingsError: another split than "training" or "testing".
            DataError: the folder is not laid out as expected, or a label file is missing.
        """
        if split not in SPLITS:
            raise SettingsError(f"{self.name} has no split {split!r}; there are {' and '.join(SPLITS)}")
        return self._videos(split)

    @abstractmethod
    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]: ...


def other_length(what: object, video: str, given: int, frames: int) -> DataError:
    """Make the error for labels that were made for another number of frames than the video has.

    Args:
        what: the label file.
        video: its name.
        given: the number of labels.
        frames: the number of frames.

    >>> print(other_length("7.npy", "7", 182, 180))
    7.npy: 2 frames more than video '7' (182 to 180); the video lacks frames, or the labels are another video's
    """
    if given > frames:
        why = f"{given - frames} frames more than video {video!r} ({given} to {frames}); the video lacks frames"
    else:
        why = f"{frames - given} frames fewer than video {video!r} ({given} to {frames}); the labels lack frames"
    return DataError(f"{what}: {why}, or the labels are another video's")
