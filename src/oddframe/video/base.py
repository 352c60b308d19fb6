"""The contract of every video, wherever its frames come from; frame rates are exact fractions."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import ClassVar, Self, TypeAlias

from oddframe.errors import SettingsError, VideoError
from oddframe.types import Frame, Medium, VideoId, VideoInfo
from oddframe.video.clock import TimeLog
from oddframe.video.levels import Levels


class Video(ABC):
    """Frames in order, as often as wanted, in constant memory.

    Iterating starts a fresh pass: RGB uint8 frames, upright, all of one size, numbered without gaps from 0, with
    times in seconds from the first frame that ascend. A pass that is abandoned frees what it holds. `Frame.part` grows
    where the recording has a hole: nothing should look at frames on both sides of it together.

    Args:
        source: the path or address it is read from, or a few words where there is none.
        info: what is known before a full pass; None where `_look` will find out, when it is first asked for.
        hint: about how many frames to expect, for progress bars; may be wrong. None where nothing is known.
        fps_assumed: whether the frame rate is an assumption, because nothing states it.
        levels: which values of pictures of more than 8 bits are shown; None where pictures have 8 bits.
        notes: what a user may want to know of how it is read, one short sentence each.

    A class whose frames carry no pictures says so by `medium`.
    """

    medium: ClassVar[Medium] = "pictures"

    def __init__(
        self,
        source: str,
        info: VideoInfo | None,
        hint: int | None = None,
        fps_assumed: bool = False,
        *,
        levels: Levels | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        stated = replace(info, fps_assumed=True) if info is not None and fps_assumed else info
        self._source, self._stated, self._hint = source, stated, hint
        self._levels, self._notes = levels, notes
        self._digest: str | None = None

    @property
    def source(self) -> str:
        """The path or address it is read from, or a description."""
        return self._source

    @property
    def id(self) -> VideoId:
        """Its name, for which nothing has to be read."""
        return self.info.id

    @property
    def info(self) -> VideoInfo:
        """Name, upright size and nominal frame rate; `frames` and `times` are known once a pass has gone through.

        Raises:
            VideoError: it is first looked at now, and cannot be read.
        """
        self._look()
        assert self._stated is not None
        return self._stated

    @property
    def hint(self) -> int | None:
        """About how many frames to expect; may be wrong."""
        return self._hint if self.info.frames is None else self.info.frames

    @property
    def fps_assumed(self) -> bool:
        """Whether nothing states the frame rate, so that `ASSUMED_FPS` stands in for it."""
        return self.info.fps_assumed

    @property
    def levels(self) -> Levels | None:
        """Which values of pictures of more than 8 bits are shown; None where pictures have 8 bits."""
        self._look()
        return self._levels

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user may want to know of how it is read, one short sentence each, without its name."""
        self._look()
        return self._notes

    def __iter__(self) -> Iterator[Frame]:
        log = TimeLog(self.info.fps)
        for frame in self._pass():
            log.add(frame.time, frame.part)
            yield frame
        self._counted(log)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    def count(self) -> int:
        """How many frames there are, by going through them, at most once; what a header claims is not believed."""
        if self.info.frames is None:
            self._count_by_pass()
        assert self.info.frames is not None
        return self.info.frames

    def frame_at(self, index: int) -> Frame:
        """Exactly the frame that a pass gives at this index.

        Raises:
            VideoError: there is no such frame.
        """
        frames = self.info.frames
        if index < 0 or (frames is not None and index >= frames):
            raise self._no_frame(index)
        return self._find(index)

    def frames_at(self, indices: Iterable[int]) -> Iterator[Frame]:
        """The frames at some indices, each once, in their order: in one pass where single frames cannot be sought.

        Raises:
            VideoError: there is no such frame.
        """
        wanted = sorted(set(indices))
        if type(self)._find is not Video._find:
            yield from map(self.frame_at, wanted)
            return
        for frame in self if wanted else ():
            if frame.index == wanted[0]:
                yield frame
                del wanted[0]
            if not wanted:
                return
        if wanted:
            raise self._no_frame(wanted[0])

    def named(self, name: VideoId) -> Self:
        """The same video under another name; what was counted and digested of this one is not done again."""
        other = copy.copy(self)
        other._stated = replace(self.info, id=name)
        return other

    def starting(self, starts: datetime | None) -> Self:
        """The same video with another date and time of its first frame."""
        info = self.info  # opens it, which a copy would do over again
        other = copy.copy(self)
        other._stated = replace(info, starts=starts)
        return other

    def levelled(self, levels: Levels | None) -> Self:
        """The same video with other levels; itself where its pictures have 8 bits, or none are given."""
        if levels is None or self.levels in {None, levels}:
            return self
        other = copy.copy(self)
        other._levels = levels
        return other

    def digest(self) -> str | None:
        """BLAKE2b over the whole content, in hexadecimal; None where the content passes only once.

        The name, the place and a chosen frame rate are not part of it.
        """
        if self._digest is None:
            self._digest = self._hash()
        return self._digest

    def _look(self) -> None:  # noqa: B027  most know everything from the start
        """Find out what the constructor left open."""

    @abstractmethod
    def _pass(self) -> Iterator[Frame]:
        """One pass over the frames."""

    @abstractmethod
    def _hash(self) -> str | None: ...

    def _count_by_pass(self) -> None:
        for _ in self:
            pass

    def _find(self, index: int) -> Frame:
        for frame in self:
            if frame.index == index:
                return frame
        raise self._no_frame(index)

    def _counted(self, log: TimeLog) -> None:
        self._stated = log.of(self.info)

    def _no_frame(self, index: int) -> VideoError:
        return VideoError(f"{self.source}: has no frame {index}; its {self.hint or 'few'} frames count from 0")


Rate: TypeAlias = "Fraction | float | int | str"

ASSUMED_FPS = Fraction(25)
"""Frames per second where nothing tells: pictures in a folder carry no clock, and 25 is what most
surveillance benchmarks were recorded at. Only seconds depend on it, never the order or number of frames."""

FASTEST_FPS = 1000
"""A stream that claims as many is taken to have put its clock's resolution in the place of its frame rate."""


def exact_fps(rate: Rate) -> Fraction:
    """A frame rate as a fraction; the rounded names of the NTSC rates mean the NTSC rates.

    Raises:
        SettingsError: not a positive number.

    >>> exact_fps(29.97), exact_fps("12.5")
    (Fraction(30000, 1001), Fraction(25, 2))
    """
    try:
        fps = Fraction(rate)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise SettingsError(f"fps must be a number such as 25 or '30000/1001', not {rate!r}") from None
    if not 0 < fps <= FASTEST_FPS:
        raise SettingsError(f"fps must be over 0 and at most {FASTEST_FPS}, not {rate!r}")
    ntsc = Fraction(round(fps) * 1000, 1001)
    if not isinstance(rate, Fraction) and fps.denominator > 1 and round(ntsc, 2) == round(fps, 2):
        return ntsc
    return fps if fps.denominator <= FASTEST_FPS else fps.limit_denominator(FASTEST_FPS + 1)


def sensible(rate: Fraction | None) -> bool:
    """Whether what a file says of its rate can be a frame rate."""
    return rate is not None and 0 < rate < FASTEST_FPS
