"""Consecutive segments of one recording as one video."""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Self

import cv2
import numpy as np

from oddframe.errors import DamagedVideo, EmptyVideo, SkippedVideo, VideoError
from oddframe.types import Frame, ImageArray, VideoId, VideoInfo
from oddframe.video.base import Video
from oddframe.video.clock import HOLE
from oddframe.video.levels import Levels


class JoinedVideo(Video):
    """Segments one after the other, as one video: state carries on, and events cross their borders.

    Where it is known when segments start, in date and time, a gap between two is a hole in the recording, and a later
    one keeps its distance; where it is not, each follows at once. A segment that cannot be read is left out with a
    `SkippedVideo` warning; frames of another size than the first segment's are scaled.

    Args:
        segments: in order; of pictures.
        name: the video's id; else the first segment's.

    Raises:
        EmptyVideo: no segments.
        VideoError: one of them carries no pictures; or, when something is wanted of it, none can be read.
    """

    def __init__(self, segments: Sequence[Video], name: VideoId | None = None) -> None:
        if not segments:
            raise EmptyVideo(f"{name or 'a joined video'}: has no segments; give at least one")
        for segment in segments:
            if segment.medium != "pictures":
                raise VideoError(f"{segment.source}: carries {segment.medium}; only videos of pictures can be joined")
        super().__init__(segments[0].source, None)
        self.segments = tuple(segments)
        self._name = name or segments[0].id
        self._readable: tuple[Video, ...] = ()

    @property
    def id(self) -> VideoId:
        """Its name, for which nothing is read."""
        return self._name if self._stated is None else self._stated.id

    def _look(self) -> None:
        if self._stated is not None:
            return
        self._readable = tuple(_readable(self.segments))
        starts = [segment.info.starts for segment in self._readable]
        if None not in starts:
            self._readable = tuple(sorted(self._readable, key=lambda segment: str(segment.info.starts)))
        first = self._readable[0]
        self._stated = replace(first.info, id=self._name, frames=None, times=None)
        hints = [segment.hint for segment in self._readable]
        self._hint = sum(hint for hint in hints if hint) if all(hints) else None
        self._levels = Levels.around(segment.levels for segment in self._readable)
        self._notes = tuple(dict.fromkeys(note for segment in self._readable for note in segment.notes))

    def levelled(self, levels: Levels | None) -> Self:
        """The same video with other levels."""
        if levels is None or self.levels in {None, levels}:
            return self
        other = copy.copy(self)
        other._levels = levels
        return other

    def where(self, seconds: float) -> tuple[Video, float]:
        """The segment that shows a moment, and the seconds since that segment's first frame.

        Raises:
            VideoError: nobody has gone through the video yet, so it is not known where segments begin.
        """
        begins = self._begins()
        place = max((number for number, begin in enumerate(begins) if begin <= seconds), default=0)
        return self._readable[place], seconds - begins[place]

    def _begins(self) -> list[float]:
        ends = 0.0
        begins: list[float] = []
        for segment in self._readable:
            if segment.info.frames is None:
                raise VideoError(f"{self.id}: go through it first; only then it is known where its segments begin")
            begins.append(self._begin(segment.info, ends) if begins else 0.0)
            ends = begins[-1] + segment.info.frame_times().end(segment.info.frames)
        return begins

    def _begin(self, info: VideoInfo, ends: float) -> float:
        """When a segment begins: at once, or after a hole."""
        first = self.info.starts
        if first is None or info.starts is None:
            return ends
        stated = (info.starts - first).total_seconds()
        return stated if stated - ends > HOLE else ends

    def _pass(self) -> Iterator[Frame]:
        index, ends, part = 0, 0.0, 0
        self._look()
        for number, segment in enumerate(self._readable):
            begin = self._begin(segment.info, ends) if number else 0.0
            part += begin > ends
            last, inner = None, 0
            for frame in self._frames(segment):
                part += frame.part - inner
                inner, last = frame.part, frame.time
                yield replace(frame, index=index, time=begin + frame.time, part=part)
                index += 1
            if last is not None:
                ends = begin + last + float(1 / segment.info.fps)

    def _frames(self, segment: Video) -> Iterator[Frame]:
        size, own = (self.info.width, self.info.height), (segment.info.width, segment.info.height)
        if own != size:
            one, other = (f"{width} x {height}" for width, height in (own, size))
            warnings.warn(
                DamagedVideo(f"{segment.source}: is {one}, scaled to the first segment's {other}"), stacklevel=4
            )
        try:
            for frame in segment.levelled(self.levels):
                yield frame if own == size else replace(frame, image=_scaled(frame.image, size))
        except VideoError as error:  # gone, or worse than it looked: the others go on
            warnings.warn(SkippedVideo(f"{error}; the recording goes on with the next segment"), stacklevel=4)

    def _hash(self) -> str | None:
        self._look()
        whole = hashlib.blake2b(b"joined", digest_size=32)
        for segment in self._readable:
            digest = segment.digest()
            if digest is None:
                return None
            whole.update(f"{digest} {segment.info.starts}\n".encode())
        return whole.hexdigest()


def join_videos(videos: Sequence[Video], name: VideoId | None = None) -> JoinedVideo:
    """Make one video of consecutive segments of one recording; arguments and errors as of `JoinedVideo`.

    >>> from oddframe.video.array import ArrayVideo
    >>> dark, light = (ArrayVideo(np.full((5, 4, 6, 3), level, np.uint8), 5) for level in (10, 200))
    >>> [(frame.index, frame.time, int(frame.image[0, 0, 0])) for frame in join_videos([dark, light])][4:6]
    [(4, 0.8, 10), (5, 1.0, 200)]
    """
    return JoinedVideo(videos, name)


def _readable(segments: Sequence[Video]) -> Iterator[Video]:
    errors: list[VideoError] = []
    for segment in segments:
        try:
            segment.hint  # noqa: B018  opens it
        except VideoError as error:
            errors.append(error)
        else:
            yield segment
    if len(errors) == len(segments) > 1:
        raise VideoError(f"none of {len(segments)} segments can be read: {'; '.join(map(str, errors))}")
    if len(errors) == len(segments):
        raise errors[0]
    for bad in errors:
        warnings.warn(SkippedVideo(f"{bad}; left out of the recording"), stacklevel=4)


def _scaled(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
