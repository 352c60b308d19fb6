"""Small pictures of a video, taken on the way while something else watches it: no second pass, little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oddframe.report.page.parts import Thumbnail
from oddframe.report.page.pictures import FAINT, encoded
from oddframe.types import Frame
from oddframe.video import Video

MOST = 360
"""Pictures of one video at most."""
APART = 0.5
"""Seconds between two of them at least."""
WIDTH = 240


class Filmstrip:
    """Pictures of frames that come one by one, evenly spread over however many there will be.

    Args:
        fps: frames a second.
        most: pictures to keep; there are at least half as many, unless the video is short.
        width: of each, pixels.
    """

    def __init__(self, fps: float, most: int = MOST, width: int = WIDTH) -> None:
        self._most, self._width = most, width
        self._step = max(round(fps * APART), 1)
        self._kept: list[Thumbnail] = []

    def push(self, frame: Frame) -> None:
        """The next frame."""
        if frame.index % self._step:
            return
        self._kept.append(Thumbnail(frame.index, encoded(frame.image, self._width, FAINT)))
        if len(self._kept) > self._most:
            self._kept, self._step = self._kept[::2], 2 * self._step

    @property
    def pictures(self) -> tuple[Thumbnail, ...]:
        """Those that are kept, in the order of time."""
        return tuple(self._kept)


def within(pictures: Sequence[Thumbnail], limit: int) -> tuple[Thumbnail, ...]:
    """As many of the pictures as take no more than `limit` bytes, evenly spread."""
    kept = tuple(pictures)
    while sum(one.picture.bytes for one in kept) > limit:
        kept = kept[::2] if len(kept) > 1 else ()
    return kept


class Filmed(Video):
    """A video of pictures that keeps a filmstrip of its last full or broken pass.

    Args:
        video: the video itself.
    """

    def __init__(self, video: Video) -> None:
        super().__init__(video.source, video.info, video.hint, video.fps_assumed)
        self.video = video
        self.strip = Filmstrip(float(video.info.fps))

    def _pass(self) -> Iterator[Frame]:
        self.strip = Filmstrip(float(self.info.fps))
        for frame in self.video:
            self.strip.push(frame)
            yield frame

    def frames_at(self, indices: Iterable[int]) -> Iterator[Frame]:
        return self.video.frames_at(indices)

    def _find(self, index: int) -> Frame:
        return self.video.frame_at(index)

    def _hash(self) -> str | None:
        return self.video.digest()
