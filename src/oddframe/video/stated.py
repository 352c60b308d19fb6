"""What a video file states of its time: the frame rate, when it starts, and from when to when it should last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from oddframe.video.base import sensible
from oddframe.video.clock import typical_rate
from oddframe.video.container import is_address
from oddframe.video.starts import start_in_metadata

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

LOOKED_AT = 300
"""Packets whose timestamps tell the usual rate, where the container has no table of all of them."""

CLOCKLESS = frozenset(
    {"av1", "avs2", "avs3", "cavsvideo", "dirac", "dnxhd", "evc", "h261", "h263", "h264", "hevc", "ipu", "m4v", "mjpeg"}
    | {"mjpeg_2000", "mpegvideo", "mpjpeg", "obu", "vc1", "vvc"}
)
"""Formats of bare pictures, one after the other, without times: FFmpeg makes up times at 25 a second for them."""

MISSED = 0.25
"""Seconds that may be missing at the beginning before that is said: less may be frames that are not shown."""


@dataclass(frozen=True, slots=True)
class StatedTime:
    """What a file states of its time.

    Args:
        fps: its usual frame rate; None where neither the header nor the timestamps tell one.
        tick: seconds to which timestamps are rounded.
        clockless: whether its frames have no times.
        starts: the date and time of its beginning, where it tells one that can be true.
    """

    fps: Fraction | None
    tick: Fraction
    clockless: bool
    starts: datetime | None

    @classmethod
    def of(cls, source: str, container: InputContainer, stream: VideoStream) -> StatedTime:
        """Read it, right after the first frame was decoded; of a network stream nothing more is read."""
        name = container.format.name
        clockless = name in CLOCKLESS or name.endswith("_pipe")
        if name == "avi" and stream.codec_context.has_b_frames:  # it tells when frames are decoded, not when shown
            return cls(next(iter(_stated_rates(stream)), None), Fraction(stream.time_base or 0), True, None)
        tick = Fraction(stream.time_base or 0)
        starts = start_in_metadata({**stream.metadata, **container.metadata})
        if clockless:
            said = stream.codec_context.framerate  # what the pictures' own headers say, if they do
            return cls(Fraction(said) if said is not None and sensible(said) else None, tick, True, starts)
        stated = _stated_rates(stream)
        usual = None if is_address(source) or not tick else typical_rate(list(_stamps(container, stream)), tick, stated)
        fps = usual if usual is not None and sensible(usual) else next(iter(stated), None)
        return cls(fps, tick, False, starts)


def _stated_rates(stream: VideoStream) -> list[Fraction]:
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return [Fraction(rate) for rate in rates if rate is not None and sensible(rate)]


def _stamps(container: InputContainer, stream: VideoStream) -> Iterator[int]:
    """Timestamps of many frames, in any order."""
    import av  # noqa: PLC0415

    if 1 < stream.frames == len(stream.index_entries):
        yield from (entry.timestamp for entry in stream.index_entries)
        return
    try:
        for packet in islice(container.demux(stream), LOOKED_AT):
            if packet.pts is not None:
                yield packet.pts
    except av.error.FFmpegError:
        return


def missing_ends(
    container: InputContainer, stream: VideoStream, first: int | None, last: av.VideoFrame
) -> tuple[str, str]:
    """What is missing at the beginning and at the end of a recording that was cut.

    Args:
        container, stream: the file.
        first: the timestamp of the first frame that was decoded.
        last: the last frame.

    Returns:
        Both in words; "" where nothing is missing.
    """
    tick = stream.time_base
    if first is None or last.pts is None or tick is None:
        return "", ""
    begins, ends = first * tick, (last.pts + (last.duration or 0)) * tick
    missed = 0.0 if stream.start_time is None else float(begins - stream.start_time * tick)
    start = f"its first {missed:.1f} s do not decode, they lie before the first key frame" if missed > MISSED else ""
    promised = _promised_end(container, stream)
    lasts = float((promised or ends) - begins)
    if promised is None or float(promised - ends) <= max(1.0, 0.05 * lasts):
        return start, ""
    return start, f"it ends at {float(ends - begins):.1f} s where {lasts:.1f} s are promised"


def _promised_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """When the header says that the pictures end, on their clock; None where it speaks of sound as well."""
    tick = Fraction(stream.time_base or 0)
    if stream.duration is not None:
        return ((stream.start_time or 0) + stream.duration) * tick
    if len(container.streams) == 1 and container.duration is not None:
        return Fraction((container.start_time or 0) + container.duration, 1_000_000)
    return None
