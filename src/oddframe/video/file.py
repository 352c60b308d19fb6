"""Video files and network streams, decoded through PyAV; single frames are exactly those that a pass would give."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oddframe.errors import EmptyVideo, VideoError
from oddframe.types import Frame, IntArray, VideoId, VideoInfo
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps
from oddframe.video.clock import Clock, TimeLog, flaws_in_words
from oddframe.video.container import choice, decoded, is_address, opened, spoken
from oddframe.video.converter import Converter, Shape, raw_values
from oddframe.video.flaws import Flaws
from oddframe.video.levels import Levels
from oddframe.video.limits import Limits
from oddframe.video.stated import StatedTime, missing_ends

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


LOOKS = 8
"""Frames, evenly spread, from which the range of deep pictures is told."""


class FileVideo(Video):
    """A video file, or a network stream, in anything that FFmpeg decodes.

    What is damaged is read as far as it decodes, with a `DamagedVideo` warning at the end. Frames of another size than
    the first (a camera that was reconfigured) are scaled to the first one's, and warned of in the same way.

    Args:
        source: a path or an address such as `rtsp://...`.
        fps: replaces what the file says; times are then index / fps.
        name: the video's id; else the file's name without suffix.
        limits: of what it may take.
        later: whether it is opened only when something of it is wanted; else its first frame is decoded at once, so
            that what cannot be read fails here and not hours later.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: it cannot be read.
    """

    def __init__(
        self,
        source: str,
        fps: Rate | None = None,
        name: str | None = None,
        *,
        limits: Limits = Limits(),
        later: bool = False,
    ) -> None:
        super().__init__(source, None)
        self._given, self._name, self._limits = None if fps is None else exact_fps(fps), name, limits
        self._seen: _Seen | None = None
        self._index: FrameIndex | None = None
        self._indexed = False
        self._known_times: list[tuple[float, int]] | None = None
        if not later:
            self._look()

    @property
    def id(self) -> VideoId:
        """Its name, for which the file is not opened."""
        return self._name or default_name(self.source) if self._stated is None else self._stated.id

    def _look(self) -> None:
        if self._seen is not None:
            return
        seen = _Seen.of(self.source, self._limits)
        fps = self._given or seen.time.fps or ASSUMED_FPS
        assumed = self._given is None and seen.time.fps is None
        self._stated = VideoInfo(self.id, *seen.shape.shown, fps, fps_assumed=assumed, starts=seen.time.starts)
        self._hint = seen.hint(fps)
        self._levels, self._notes, self._seen = seen.levels, seen.notes, seen

    def _first(self) -> _Seen:
        self._look()
        assert self._seen is not None
        return self._seen

    def _pass(self) -> Iterator[Frame]:
        converter = Converter(self._first().shape, self.levels)
        for index, (raw, time, part) in enumerate(self._raw()):
            yield Frame(index, time, converter(raw), part=part)

    def _raw(self) -> Iterator[tuple[av.VideoFrame, float, int]]:
        """Decoded frames with their times and parts, then the warning if anything was wrong with them."""
        flaws, clock, frames, last = Flaws(), self._clock(), 0, None
        size = self._first().shape.stored
        with opened(self.source, self._limits) as (container, stream):
            for raw, following in self._followed(decoded(self.source, container, stream, flaws)):
                time, part = self._time(clock, frames, raw, following)
                if (raw.width, raw.height) != size:
                    flaws.resized(frames, time, size, (raw.width, raw.height))
                    size = raw.width, raw.height
                yield raw, time, part
                frames, last = frames + 1, raw
            if not is_address(self.source) and last is not None and not clock.flaws:
                start, end = missing_ends(container, stream, self._first().pts, last)
                for place, why in ((0, start), (frames, end)):
                    if why:
                        flaws.note(place, why)
        flaws.clock = flaws_in_words(clock.flaws)
        flaws.warn(self.source, frames)

    def _followed(self, frames: Iterator[av.VideoFrame]) -> Iterator[tuple[av.VideoFrame, av.VideoFrame | None]]:
        """Each frame with the one after it; None after the last, and of a stream, which nothing may hold up."""
        if is_address(self.source):
            yield from ((frame, None) for frame in frames)
            return
        before: av.VideoFrame | None = None
        for frame in frames:
            if before is not None:
                yield before, frame
            before = frame
        if before is not None:
            yield before, None

    def _clock(self) -> Clock:
        return Clock(self.info.fps, float(self._first().time.tick))

    def _time(
        self, clock: Clock, index: int, raw: av.VideoFrame, following: av.VideoFrame | None = None
    ) -> tuple[float, int]:
        if self._given is not None or self._first().time.clockless:
            return float(index / self.info.fps), 0
        return clock.read(self._stamp(raw), None if following is None else self._stamp(following))

    def _stamp(self, raw: av.VideoFrame) -> float | None:
        """Seconds since the timestamp of the first frame."""
        first = self._first().pts
        if raw.pts is None or first is None or raw.time_base is None:
            return None
        return float((raw.pts - first) * raw.time_base)

    def _count_by_pass(self) -> None:
        log = TimeLog(self.info.fps)
        for _, time, part in self._raw():
            log.add(time, part)
        self._counted(log)

    def _find(self, index: int) -> Frame:
        if not is_address(self.source):
            with opened(self.source, self._limits) as (container, stream):
                raw = self._seek(container, stream, index)
            if raw is not None:
                time, part = self._times(raw)[index]
                return Frame(index, time, Converter(self._first().shape, self.levels)(raw), part=part)
        return super()._find(index)

    def _times(self, raw: av.VideoFrame) -> list[tuple[float, int]]:
        """The time and the part of every frame that the index knows, as a pass gives them; `raw` is one of them."""
        if self._known_times is None:
            known, first, tick = self._index, self._first().pts, raw.time_base
            assert known is not None
            stamps = [float((pts - first) * tick) for pts in known.pts.tolist()] if first is not None and tick else []
            clock, after = self._clock(), [*stamps[1:], None]
            timed = self._given is None and not self._first().time.clockless
            self._known_times = [
                clock.read(stamp, following) if timed else (float(index / self.info.fps), 0)
                for index, (stamp, following) in enumerate(zip(stamps, after, strict=True))
            ]
        return self._known_times

    def _seek(self, container: InputContainer, stream: VideoStream, index: int) -> av.VideoFrame | None:
        if not self._indexed:
            self._index = FrameIndex.of(container, stream, self._first().pts)
            self._indexed = True
        known = self._index
        if known is None or index >= len(known.pts) or self.info.frames not in {None, len(known.pts)}:
            return None
        return sought(container, stream, known, index)

    def _hash(self) -> str | None:
        if is_address(self.source):
            return None
        try:
            with Path(self.source).open("rb") as file:
                return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
        except OSError as error:
            raise VideoError(f"{self.source}: cannot be read any more ({error.strerror})") from error


@dataclass(frozen=True, slots=True)
class _Seen:
    """What opening a file and decoding its first frame tell.

    Args:
        shape: of its pictures.
        pts: the first frame's timestamp.
        time: what it states of its time.
        frames, seconds: how much video its header promises, where it does.
        levels: which values of deep pictures are shown.
        notes: what a user may want to know.
    """

    shape: Shape
    pts: int | None
    time: StatedTime
    frames: int | None
    seconds: Fraction | None
    levels: Levels | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, source: str, limits: Limits) -> _Seen:
        """Open it and look."""
        with opened(source, limits) as (container, stream):
            first = next(decoded(source, container, stream, Flaws()), None)
            if first is None:
                raise EmptyVideo(f"{spoken(source)}: not a single frame decodes; record it again or leave it out")
            shape, said, pts = Shape.of(stream, first), choice(container, stream), first.pts
            time, frames, seconds = StatedTime.of(source, container, stream), None, None
            if not is_address(source):
                frames = stream.frames or None
                seconds = Fraction(container.duration, 1_000_000) if container.duration else None
            levels = _levels(container, stream, first, shape, seconds)
        return cls(shape, pts, time, frames, seconds, levels, tuple(note for note in (said, *shape.notes()) if note))

    def hint(self, fps: Fraction) -> int | None:
        """About how many frames there are."""
        return self.frames or (round(self.seconds * fps) if self.seconds else None)


def _levels(
    container: InputContainer, stream: VideoStream, first: av.VideoFrame, shape: Shape, seconds: Fraction | None
) -> Levels | None:
    """By the first frame; where it uses few values, by some others too."""
    if shape.deep is None:
        return None
    drawn = [raw_values(first, shape.deep)]
    levels = Levels.of(drawn)
    if levels.whole or not seconds:
        return levels
    import av  # noqa: PLC0415

    for share in range(1, LOOKS):
        try:
            container.seek(int(seconds * 1_000_000 * share / LOOKS))
            drawn.append(raw_values(next(container.decode(stream)), shape.deep))
        except (av.error.FFmpegError, StopIteration):
            break
    return Levels.of(drawn)


def default_name(source: str) -> str:
    """A file's name without suffix; an address without scheme, user and password."""
    if is_address(source):
        return spoken(source).split("://", 1)[1].rstrip("/") or "stream"
    return Path(source).stem


ONE_FRAME_PER_PACKET = frozenset(
    {"h264", "hevc", "mpeg4", "mpeg1video", "mpeg2video", "mjpeg", "ffv1", "vp9", "av1", "prores", "dnxhd", "rawvideo"}
)
"""Codecs whose packets can be counted in the place of frames. (VP8, say, has packets that show nothing.)"""


@dataclass(frozen=True, slots=True, eq=False)
class FrameIndex:
    """The timestamps of a file's frames, read from its packets without decoding.

    Args:
        pts: (F,) of every frame in display order, in units of the stream's time base.
        keys: (K,) of those from which decoding can start, ascending.
    """

    pts: IntArray
    keys: IntArray

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream, first: int | None) -> FrameIndex | None:
        """The index of a freshly opened file; None where packets do not tell frames for certain.

        Args:
            container, stream: the file, at its beginning.
            first: the timestamp of the first frame that decodes.
        """
        import av  # noqa: PLC0415

        if stream.codec_context.name not in ONE_FRAME_PER_PACKET:
            return None
        pts, keys, last = [], [], None
        try:
            for packet in container.demux(stream):
                if packet.size == 0 or packet.is_discard:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return None
                if packet.dts is not None and last is not None and packet.dts <= last:
                    return None  # the clock goes back, and order by timestamps is not that of frames
                last = packet.dts
                pts.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except av.error.FFmpegError:
            return None
        index = cls(np.unique(np.array(pts, np.int64)), np.unique(np.array(keys, np.int64)))
        sound = len(index.pts) == len(pts) > 0 and len(keys) > 0 and index.pts[0] == first
        return index if sound else None


def sought(container: InputContainer, stream: VideoStream, index: FrameIndex, number: int) -> av.VideoFrame | None:
    """Frame `number`, decoded from the nearest key frame before it; None where seeking does not lead there."""
    import av  # noqa: PLC0415

    target = int(index.pts[number])
    before = index.keys[index.keys <= target][::-1][:4].tolist()
    # A container that seeks by decoding time may land on a key frame shown after the target: then one further back.
    for key in chain(before, [int(index.pts[0])]):
        try:
            container.seek(int(key), stream=stream)
            found = _decode_to(container, stream, target)
        except av.error.FFmpegError:
            return None
        if found is not None:
            return found
    return None


def _decode_to(container: InputContainer, stream: VideoStream, target: int) -> av.VideoFrame | None:
    started = False
    for packet in container.demux(stream):
        if not started and packet.size:
            if not packet.is_keyframe or packet.pts is None or packet.pts > target:
                return None
            started = True
        for frame in packet.decode():
            if frame.pts == target:
                return frame
            if frame.pts is not None and frame.pts > target:
                return None
    return None
