"""One frame out of a video file, exactly the one that a pass would give."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from oddframe.types import IntArray

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

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
