"""Some frames of a video, in any order asked for: those that a pass gives, in at most one pass."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import VideoError
from oddframe.types import Frame, VideoInfo
from oddframe.video import ArrayVideo, Video


class Passing(Video):
    """Frames that can only be gone through; counts how many were."""

    def __init__(self, frames: int) -> None:
        super().__init__("passing", VideoInfo("p", 2, 2, Fraction(10)), frames)
        self.frames, self.seen, self.passes = frames, 0, 0

    def _pass(self) -> Iterator[Frame]:
        self.passes += 1
        for index in range(self.frames):
            self.seen += 1
            yield Frame(index, index / 10, np.full((2, 2, 3), index, np.uint8))

    def _hash(self) -> str | None:
        return None


def videos() -> list[Video]:
    array = ArrayVideo([np.full((2, 2, 3), index, np.uint8) for index in range(20)], fps=10)
    return [Passing(20), array]


@given(st.lists(st.integers(0, 19), max_size=8))
def test_frames_come_once_each_and_in_order(wanted: list[int]) -> None:
    for video in videos():
        found = list(video.frames_at(wanted))
        assert [frame.index for frame in found] == sorted(set(wanted))
        assert all((frame.image == frame.index).all() for frame in found)


def test_what_cannot_be_sought_is_gone_through_once_and_no_further_than_needed() -> None:
    video = Passing(20)
    assert len(list(video.frames_at([9, 3, 5]))) == 3
    assert (video.passes, video.seen) == (1, 10)
    assert list(video.frames_at([])) == []
    assert video.passes == 1


def test_a_frame_that_is_not_there_is_an_error_after_those_that_are() -> None:
    for video in videos():
        frames = video.frames_at([2, 20])
        assert next(frames).index == 2
        with pytest.raises(VideoError, match="has no frame 20"):
            next(frames)
