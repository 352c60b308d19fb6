"""Video containers, opened and decoded through PyAV; its errors become ours here.

Turning stored pictures upright.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.types import ImageArray, IntArray

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


STREAM_TIMEOUT = (10.0, 10.0)
"""Seconds to wait for a network stream to open, and for each read from it."""

INCOMPLETE = "its data are incomplete"

_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_address(source: str) -> bool:
    """Whether it is the address of a stream, not a path."""
    return bool(_ADDRESS.match(source))


def spoken(source: str) -> str:
    """The source as it may be printed: without the user and password that an address can hold.

    >>> spoken("rtsp://admin:secret@10.0.0.7/gate")
    'rtsp://10.0.0.7/gate'
    """
    return re.sub(r"(?<=://)[^/@]*@", "", source) if is_address(source) else source


@dataclass(slots=True)
class Damage:
    """The first thing that went wrong while decoding."""

    frame: int | None = None
    why: str = ""

    def note(self, frame: int, why: str) -> None:
        """Something is wrong near this frame."""
        if self.frame is None:
            self.frame, self.why = frame, why


@contextmanager
def opened(source: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """An open container and its video stream, decoding with several threads; closed whatever happens.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: it cannot be opened, or holds no video.
    """
    import av  # noqa: PLC0415  the rest of the room works without it

    options = {"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {}
    timeout = STREAM_TIMEOUT if is_address(source) else None
    try:
        container = av.open(source, options=options, timeout=timeout, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _cannot_open(source, error) from error
    with container:
        pictures = av.stream.Disposition.attached_pic
        streams = [stream for stream in container.streams.video if not stream.disposition & pictures]
        if not streams:
            raise _no_stream(source)
        streams[0].thread_type = "AUTO"
        yield container, streams[0]


def decoded(source: str, container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    """Every frame that decodes, in display order; what does not is noted in `damage` and skipped.

    Raises:
        VideoError: a network stream broke off (a file that breaks off is damage).
    """
    frames = 0
    for batch, flaw in _batches(source, container, stream):
        if flaw and not batch:
            damage.note(frames, flaw)
        for frame in batch:
            if flaw or frame.is_corrupt:
                damage.note(frames, flaw or INCOMPLETE)
            frames += 1
            yield frame


def _batches(
    source: str, container: InputContainer, stream: VideoStream
) -> Iterator[tuple[list[av.VideoFrame], str | None]]:
    """Per packet the frames that come out of the decoder, and what was wrong with the packet."""
    import av  # noqa: PLC0415

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            if is_address(source):
                raise VideoError(f"{spoken(source)}: the stream broke off ({error.strerror}); open it again") from error
            yield list(stream.codec_context.decode(None)), error.strerror or "read error"
            return
        try:
            yield packet.decode(), INCOMPLETE if packet.is_corrupt else None
        except av.error.FFmpegError as error:
            yield [], error.strerror or "invalid data"


def _cannot_open(source: str, error: Exception) -> VideoError:
    name = spoken(source)
    reason = getattr(error, "strerror", None) or str(error)
    if is_address(source):
        return VideoError(f"{name}: the stream does not open ({reason}); check the address and the network")
    path = Path(source)
    if not path.exists():
        return VideoNotFound(f"{name}: no such file")
    try:
        size = path.stat().st_size
        unfinished = _lacks_index(path)
    except OSError:
        return VideoError(f"{name}: cannot be read ({reason}); check its permissions")
    if size == 0:
        return EmptyVideo(f"{name}: the file is empty; copy it again")
    return (
        _cut_off(name)
        if unfinished
        else VideoError(f"{name}: not a video that can be decoded ({reason}); convert it to MP4 (H.264)")
    )


def _no_stream(source: str) -> VideoError:
    if not is_address(source) and _lacks_index(Path(source)):
        return _cut_off(source)
    return VideoError(f"{spoken(source)}: holds no video stream; is it a sound recording?")


def _cut_off(name: str) -> VideoError:
    return VideoError(
        f"{name}: the recording was cut off before its index (moov) was complete;"
        " repair it with a tool such as untrunc, or record to MKV or fragmented MP4"
    )


def _lacks_index(path: Path) -> bool:
    """Whether it is an MP4 file that was cut off before or within the box that says where its frames are."""
    boxes: list[bytes] = []
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() + 8 <= size:
            start, head = file.tell(), file.read(16)
            length = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4])
            boxes.append(head[4:8])
            if boxes[0] != b"ftyp":
                return False
            if start + length > size or length < 8:
                break
            file.seek(start + length)
    return bool(boxes) and (b"moov" not in boxes or boxes[-1] in {b"moov", b"moof"})


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes an upright one: transpose first, then flip rows (up-down) and columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def from_matrix(cls, matrix: IntArray) -> Orientation:
        """From a display matrix: (9,) integers a b u c d v x y w, so that x' = ax + cy and y' = bx + dy.

        Any angle is taken as the nearest quarter turn; mirrored pictures are turned back too.
        ISO/IEC 14496-12, 6.2.2.

        >>> Orientation.from_matrix(np.array([0, 65536, 0, -65536, 0, 0, 0, 0, 1]))
        Orientation(transpose=True, flip_rows=False, flip_columns=True)
        """
        a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
        if abs(b) > abs(a):
            return cls(transpose=True, flip_rows=b < 0, flip_columns=c < 0)
        return cls(flip_rows=d < 0, flip_columns=a < 0)

    def upright(self, image: ImageArray) -> ImageArray:
        """The picture as it is meant to be looked at, contiguous in memory."""
        if self.transpose:
            image = image.transpose(1, 0, 2)
        if self.flip_rows:
            image = image[::-1]
        if self.flip_columns:
            image = image[:, ::-1]
        return np.ascontiguousarray(image)
