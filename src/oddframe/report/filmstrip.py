"""Thumbnails of a video, taken while something else reads it and small enough for a page: no second pass is needed."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Self

import cv2
import numpy as np

from oddframe.report.parts import Box, Picture, Shot, Thumbnail
from oddframe.types import HALF, Frame, ImageArray, position
from oddframe.video import Video
from oddframe.video.levels import Levels

MOST = 360
"""Pictures of one video at most."""

APART = 0.5
"""Seconds between two of them at least."""

WIDTH = 240


class Filmstrip:
    """Pictures of frames that come one by one, evenly spread over however many there will be.

    Args:
        fps: nominal frames a second.
        most: pictures to keep; there are at least half as many, unless the video is short.
        width: of each, pixels.
    """

    def __init__(self, fps: float, most: int = MOST, width: int = WIDTH) -> None:
        self._most, self._width = most, width
        self._fps, self._step, self._slot = Fraction(fps), max(round(fps * APART), 1), -1
        self._kept: list[Thumbnail] = []

    def push(self, frame: Frame) -> None:
        """The next frame."""
        slot = int((float(position(frame.time, self._fps)) + HALF) // self._step)
        if slot <= self._slot:
            return
        self._slot = slot
        self._kept.append(Thumbnail(frame.index, encoded(frame.image, self._width, FAINT)))
        if len(self._kept) > self._most:
            self._kept, self._step, self._slot = self._kept[::2], 2 * self._step, self._slot // 2

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
        super().__init__(video.source, video.info, video.hint, levels=video.levels, notes=video.notes)
        self.video = video
        self.strip = Filmstrip(float(video.info.fps))

    def _pass(self) -> Iterator[Frame]:
        self.strip = Filmstrip(float(self.info.fps))
        for frame in self.video:
            self.strip.push(frame)
            yield frame

    def levelled(self, levels: Levels | None) -> Self:
        """Itself, from now on with other levels: its pictures are taken in the pass that follows."""
        self.video = self.video.levelled(levels)
        return self

    def fill(self) -> None:
        """Go through the video for its pictures, where nothing else has: its observations were stored already.

        Raises:
            VideoError: the video cannot be read.
        """
        if not self.strip.pictures:
            for _ in self:
                pass

    def frames_at(self, indices: Iterable[int]) -> Iterator[Frame]:
        return self.video.frames_at(indices)

    def _find(self, index: int) -> Frame:
        return self.video.frame_at(index)

    def _hash(self) -> str | None:
        return self.video.digest()


FRAME, CROP, MAP = 640, 200, 240
"""Pixels that the pictures of frames, of parts of frames, and of maps are wide at most."""

QUALITY, FAINT = 60, 45
"""Of pictures that are looked at, and of those that are glanced at; 0 to 100."""


def encoded(image: ImageArray, width: int, quality: int = QUALITY) -> Picture:
    """(H, W, 3) RGB or (H, W, 4) RGBA uint8, at most `width` pixels wide, as WebP."""
    high, wide = image.shape[:2]
    if wide > width:
        size = width, max(round(high * width / wide), 1)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    _, content = cv2.imencode(".webp", cv2.cvtColor(image, order), [cv2.IMWRITE_WEBP_QUALITY, quality])
    text = base64.b64encode(content.tobytes()).decode("ascii")
    return Picture(f"data:image/webp;base64,{text}", image.shape[1], image.shape[0])


def whole(image: ImageArray, box: Box | None = None, heat: ImageArray | None = None) -> Shot:
    """A whole frame with what is meant in it and, perhaps, its anomaly map in colour (RGBA)."""
    view = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
    drawn = None if heat is None or not heat[..., 3].any() else encoded(heat, MAP, QUALITY)
    return Shot(encoded(image, FRAME), view, box, drawn)


def cut(image: ImageArray, box: Box) -> Shot:
    """What a box holds, with what is around it."""
    high, wide = image.shape[:2]
    x0, y0, x1, y1 = around(box, wide, high)
    return Shot(encoded(image[y0:y1, x0:x1], CROP), (float(x0), float(y0), float(x1), float(y1)), box)


def around(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """The square around a box that is twice as large, or a third of the picture's height, within the picture.

    >>> around((100, 100, 120, 130), 360, 240)
    (70, 75, 150, 155)
    """
    x0, y0, x1, y1 = box
    side = min(max(2 * (x1 - x0), 2 * (y1 - y0), height / 3), width, height)
    if max(x1 - x0, y1 - y0) > side:  # it does not fit into a square
        return 0, 0, width, height
    left = min(max((x0 + x1 - side) / 2, 0), width - side)
    top = min(max((y0 + y1 - side) / 2, 0), height - side)
    return round(left), round(top), round(left + side), round(top + side)
