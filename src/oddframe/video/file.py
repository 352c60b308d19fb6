"""Video files and network streams, decoded through PyAV.

One frame out of a video file, exactly the one that a pass would give.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oddframe.errors import DamagedVideo, EmptyVideo, VideoError
from oddframe.types import Frame, ImageArray, IntArray, VideoInfo
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps, sensible
from oddframe.video.container import Damage, Orientation, decoded, is_address, opened, spoken

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


class FileVideo(Video):
    """A video file, or a network stream, in anything that FFmpeg decodes.

    Opening decodes the first frame, so what cannot be read fails here and not hours later. What is damaged is read
    as far as it decodes, with a `DamagedVideo` warning at the end. Frames of another size than the first (a camera
    that was reconfigured) are scaled to the first one's, and warned of in the same way.

    Args:
        source: a path or an address such as `rtsp://...`.
        fps: replaces what the file says; times are then index / fps.
        name: the video's id; else the file's name without suffix.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: it cannot be read.
    """

    def __init__(self, source: str, fps: Rate | None = None, name: str | None = None) -> None:
        given = None if fps is None else exact_fps(fps)
        with opened(source) as (container, stream):
            first = next(decoded(source, container, stream, Damage()), None)
            if first is None:
                raise EmptyVideo(f"{spoken(source)}: not a single frame decodes; record it again or leave it out")
            self._orientation = _orientation(first)
            self._size = (first.width, first.height)
            self._first_pts = first.pts
            said = _stated_fps(stream)
            self._retimed = given is not None
            width, height = self._size[::-1] if self._orientation.transpose else self._size
            info = VideoInfo(name or default_name(source), width, height, given or said or ASSUMED_FPS)
            hint = None if is_address(source) else _hint(container, stream, info.fps)
        super().__init__(source, info, hint, fps_assumed=given is None and said is None)
        self._index: FrameIndex | None = None
        self._indexed = False

    def _pass(self) -> Iterator[Frame]:
        converter = _Converter(self._size, self._orientation)
        last = 0.0
        for index, raw in enumerate(self._raw()):
            last = max(last, self._time(index, raw))
            yield Frame(index, last, converter(raw))

    def _raw(self) -> Iterator[av.VideoFrame]:
        """Decoded frames, then the warning if anything was wrong with them."""
        damage, frames, end = Damage(), 0, 0.0
        with opened(self.source) as (container, stream):
            for raw in decoded(self.source, container, stream, damage):
                if (raw.width, raw.height) != self._size:
                    damage.note(frames, f"its size changes to {raw.width} x {raw.height}")
                end = self._time(frames, raw) + float((raw.duration or 0) * (raw.time_base or 0))
                frames += 1
                yield raw
            if not is_address(self.source):
                _note_early_end(container, frames, end, damage)
        self._counted(frames)
        if damage.frame is not None:
            text = f"{self.source}: damaged at frame {damage.frame} ({damage.why}); {frames} frames could be read"
            warnings.warn(DamagedVideo(text), stacklevel=2)

    def _time(self, index: int, raw: av.VideoFrame) -> float:
        if self._retimed or raw.pts is None or self._first_pts is None or raw.time_base is None:
            return self.info.seconds(index)
        return max(0.0, float((raw.pts - self._first_pts) * raw.time_base))

    def _count_by_pass(self) -> None:
        for _ in self._raw():
            pass

    def _find(self, index: int) -> Frame:
        if not is_address(self.source):
            with opened(self.source) as (container, stream):
                raw = self._seek(container, stream, index)
            if raw is not None:
                return Frame(index, self._time(index, raw), _Converter(self._size, self._orientation)(raw))
        return super()._find(index)

    def _seek(self, container: InputContainer, stream: VideoStream, index: int) -> av.VideoFrame | None:
        if not self._indexed:
            self._index = FrameIndex.of(container, stream, self._first_pts)
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


class _Converter:
    """Decoded frames to upright RGB of one size; keeps its scaler from frame to frame."""

    def __init__(self, size: tuple[int, int], orientation: Orientation) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415

        self._size, self._orientation, self._reformatter = size, orientation, VideoReformatter()

    def __call__(self, raw: av.VideoFrame) -> ImageArray:
        width, height = self._size
        rgb = self._reformatter.reformat(raw, width=width, height=height, format="rgb24")
        return self._orientation.upright(np.asarray(rgb.to_ndarray(), np.uint8))


def default_name(source: str) -> str:
    """A file's name without suffix; an address without scheme, user and password."""
    if is_address(source):
        return spoken(source).split("://", 1)[1].rstrip("/") or "stream"
    return Path(source).stem


def _orientation(frame: av.VideoFrame) -> Orientation:
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    return Orientation.from_matrix(np.frombuffer(bytes(matrix), np.int32).astype(np.int64))


def _stated_fps(stream: VideoStream) -> Fraction | None:
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return next((Fraction(rate) for rate in rates if rate is not None and sensible(rate)), None)


def _hint(container: InputContainer, stream: VideoStream, fps: Fraction) -> int | None:
    if stream.frames:
        return stream.frames
    return round(container.duration * fps / 1_000_000) if container.duration else None


def _note_early_end(container: InputContainer, frames: int, end: float, damage: Damage) -> None:
    """A recording that was cut off between two frames decodes without error, but its header promises more."""
    promised = (container.duration or 0) / 1_000_000
    if promised - end > max(1.0, 0.05 * promised):
        damage.note(frames, f"it ends at {end:.1f} s where {promised:.1f} s are promised")


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
        pts, keys = [], []
        try:
            for packet in container.demux(stream):
                if packet.size == 0 or packet.is_discard:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return None
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
