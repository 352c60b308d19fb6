"""Decoded frames as pictures: upright, with square pixels, without comb edges, in 8 bits, all of one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import ImageArray, IntArray
from oddframe.video.levels import Levels, as_rgb

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

LONGEST = 8
"""A pixel that claims to be more times as wide as high, or as high as wide, is taken for a square one."""

DEEP = 14
"""Bits of a colour from which on it is scaled by its own range; 10 and 12 are in use for ordinary video."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes an upright one: transpose first, then flip rows (up-down) and columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Orientation:
        """What a decoded frame says of itself."""
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        return cls() if matrix is None else cls.from_matrix(np.frombuffer(bytes(matrix), np.int32).astype(np.int64))

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


@dataclass(frozen=True, slots=True)
class Shape:
    """What the first frame of a video says of its pictures.

    Args:
        stored: width and height as coded.
        aspect: how many times as wide as high a pixel is.
        orientation: how they are turned.
        interlaced: whether two moments are woven into one picture.
        deep: the pixel format in which they are read where 8 bits are too few; None where they are enough.
    """

    stored: tuple[int, int]
    aspect: Fraction = Fraction(1)
    orientation: Orientation = Orientation()
    interlaced: bool = False
    deep: str | None = None

    @classmethod
    def of(cls, stream: VideoStream, frame: av.VideoFrame) -> Shape:
        """That of a stream, by its first frame."""
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if not Fraction(1, LONGEST) <= aspect <= LONGEST:
            aspect = Fraction(1)
        size = frame.width, frame.height
        return cls(size, aspect, Orientation.of(frame), bool(frame.interlaced_frame), _deep_format(frame))

    @property
    def square(self) -> tuple[int, int]:
        """Width and height with square pixels, not yet turned; the height stays."""
        return max(1, round(self.stored[0] * self.aspect)), self.stored[1]

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as they are to be looked at."""
        return self.square[::-1] if self.orientation.transpose else self.square

    def notes(self) -> Iterator[str]:
        """What a user may want to know of how the pictures are read."""
        if self.aspect != 1:
            stored, square = (f"{width} x {height}" for width, height in (self.stored, self.square))
            yield f"pixels are {self.aspect} times as wide as high: {stored} is read as {square}"
        if self.interlaced:
            yield "interlaced: of two woven moments the first is read, its missing lines are interpolated"


class Converter:
    """Makes pictures of decoded frames, all as the first one's shape says; keeps its scaler from frame to frame.

    Args:
        shape: of the video.
        levels: which values of deep pictures are shown.
    """

    def __init__(self, shape: Shape, levels: Levels | None) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415

        self._shape, self._levels, self._reformatter = shape, levels, VideoReformatter()
        self._deep = None if levels is None or levels.whole else shape.deep

    def __call__(self, raw: av.VideoFrame) -> ImageArray:
        """(H, W, 3) uint8 RGB, upright."""
        width, height = self._shape.square
        image = self._reformatter.reformat(raw, width=width, height=height, format=self._deep or "rgb24").to_ndarray()
        if self._deep is not None:
            image = as_rgb(image, self._levels)
        if raw.interlaced_frame:
            image = _first_field(np.asarray(image, np.uint8))
        return self._shape.orientation.upright(np.asarray(image, np.uint8))


def raw_values(frame: av.VideoFrame, pixels: str) -> npt.NDArray[Any]:
    """A frame's values, in a deep pixel format, at full depth."""
    return np.asarray(frame.reformat(format=pixels).to_ndarray())


def _first_field(image: ImageArray) -> ImageArray:
    """The upper lines of each pair, with those between them interpolated."""
    height, width = image.shape[:2]
    return np.asarray(cv2.resize(image[::2], (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _deep_format(frame: av.VideoFrame) -> str | None:
    components, name = frame.format.components, frame.format.name
    bits = max(component.bits for component in components)
    if name.startswith("grayf32"):
        return "grayf32le"
    if len(components) == 1:
        return "gray16le" if bits > 8 else None
    return "rgb48le" if bits >= DEEP else None
