"""Video containers, opened and decoded through PyAV; its errors become ours here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.video.flaws import Flaws
from oddframe.video.limits import Limits

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


STREAM_TIMEOUT = (10.0, 10.0)
"""Seconds to wait for a network stream to open, and for each read from it."""

INCOMPLETE = "its data are incomplete"

IN_FILES = (
    "apng,asf,avi,av1,avs2,avs3,cavsvideo,dhav,dirac,dnxhd,dv,evc,flv,gif,gif_pipe,gxf,h261,h263,h264,hevc,ivf,ipu,kux,"
    "live_flv,lmlm4,m4v,matroska,webm,mgsts,mjpeg,mjpeg_2000,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegts,mpegvideo,mpjpeg,mxf,"
    "nsv,nut,nuv,obu,ogg,pva,r3d,rm,roq,smjpeg,ty,vc1,vc1test,vvc,wtv,yuv4mpegpipe,"
    "bmp_pipe,dpx_pipe,exr_pipe,j2k_pipe,jpeg_pipe,jpegls_pipe,jpegxl_anim,jpegxl_pipe,pam_pipe,pgm_pipe,png_pipe,"
    "ppm_pipe,qoi_pipe,tiff_pipe,webp_pipe"
)
"""The containers that are read from files. Scripts and playlists (concat, HLS, DASH, ...) name other files to open, and
are not among them, whatever a file is called."""

ON_NETWORK = IN_FILES + ",aac,dash,hls,mp3,mpegts,rtp,rtsp,sdp"
"""The containers that are read from addresses."""

PROTOCOLS = "rtsp,rtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmpe,rtmps,rtmpt,rtmpte,rtmpts,srt,srtp,mmsh,mmst"
"""What a stream's address may begin with, and what the stream may open in turn: never a file."""

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


@contextmanager
def opened(source: str, limits: Limits = Limits()) -> Iterator[tuple[InputContainer, VideoStream]]:
    """An open container and its video stream, decoding with several threads; closed whatever happens.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: it cannot be opened, holds no video, or larger pictures than the limits.
    """
    import av  # noqa: PLC0415  the rest of the room works without it

    timeout = STREAM_TIMEOUT if is_address(source) else None
    place = source if is_address(source) else os.path.abspath(source)  # noqa: PTH100  a:b.mp4 is no address
    try:
        container = av.open(place, options=_options(source), timeout=timeout, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _cannot_open(source, error) from error
    with container:
        stream = chosen(source, container)
        if stream.codec_context.width * stream.codec_context.height > limits.pixels:
            size = f"{stream.codec_context.width} x {stream.codec_context.height}"
            raise VideoError(f"{spoken(source)}: claims pictures of {size} pixels, {limits.over('pixels')}")
        stream.codec_context.options = {"max_pixels": str(limits.pixels)}  # a later change of size keeps to it, too
        stream.thread_type = "AUTO"
        yield container, stream


def _options(source: str) -> dict[str, str]:
    """What the container may be, and what it may open."""
    if not is_address(source):
        return {"format_whitelist": IN_FILES, "protocol_whitelist": "file"}
    if source.lower().startswith("file:"):
        return {"format_whitelist": IN_FILES, "protocol_whitelist": "file"}
    options = {"format_whitelist": ON_NETWORK, "protocol_whitelist": PROTOCOLS}
    return options | ({"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {})


def chosen(source: str, container: InputContainer) -> VideoStream:
    """The video stream that is read: the default one, else the largest; of equals the first.

    Raises:
        VideoError: there is none. (The cover of a sound recording is none.)
    """
    streams = _moving(container)
    if not streams:
        raise _no_stream(source)
    return max(streams, key=lambda stream: (_is_default(stream), stream.width * stream.height, -stream.index))


def choice(container: InputContainer, stream: VideoStream) -> str | None:
    """Which of several video streams is read, and why, in words; None where there is one."""
    streams = _moving(container)
    if len(streams) < 2:
        return None
    others = ", ".join(f"{one.width} x {one.height}" for one in streams if one is not stream)
    marked = sum(map(_is_default, streams))
    why = "the default one" if marked == 1 and _is_default(stream) else "the largest"
    this = f"number {streams.index(stream) + 1} ({stream.width} x {stream.height})"
    return f"of {len(streams)} video streams, {this} is read, {why}; not {others}"


def _moving(container: InputContainer) -> list[VideoStream]:
    import av  # noqa: PLC0415

    pictures = int(av.stream.Disposition.attached_pic) | int(av.stream.Disposition.timed_thumbnails)
    return [stream for stream in container.streams.video if not int(stream.disposition) & pictures]


def _is_default(stream: VideoStream) -> bool:
    import av  # noqa: PLC0415

    return bool(int(stream.disposition) & int(av.stream.Disposition.default))


def decoded(source: str, container: InputContainer, stream: VideoStream, flaws: Flaws) -> Iterator[av.VideoFrame]:
    """Every frame that decodes, in display order; what does not is noted in `flaws` and skipped.

    Raises:
        VideoError: a network stream broke off (a file that breaks off is a flaw).
    """
    frames = 0
    for batch, flaw in _batches(source, container, stream):
        if flaw and not batch:
            flaws.note(frames, flaw)
        for frame in batch:
            if flaw or frame.is_corrupt:
                flaws.note(frames, flaw or INCOMPLETE)
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
