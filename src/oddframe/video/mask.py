"""A part of the picture that is not to be looked at: a clock, a street, a neighbour's window."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypeAlias, cast

import cv2
import numpy as np

from oddframe.errors import SettingsError, StoreError
from oddframe.types import BoolArray, ImageArray, Json, Value, frozen_array
from oddframe.video.picture import read_image

FINEST = 256
"""Longest side of a mask's picture; finer detail than this is not kept, so that a mask stays a few kilobytes."""

PAINT = 128
"""What ignored pixels are painted with: a mid-grey that never changes, so that nothing ever happens there."""

Rectangle: TypeAlias = tuple[float, float, float, float]
Unit: TypeAlias = Literal["pixels", "fractions"]


@dataclass(frozen=True, slots=True, eq=False)
class Mask(Value):
    """Which pixels to ignore, for video of any size (a picture's mask: of any size with the picture's aspect).

    Make one with `from_file` or `from_rectangles`.

    Args:
        rectangles: x0 y0 x1 y1 of what to ignore; x1 and y1 are the first column and row outside.
        unit: what rectangles are measured in: source pixels, or fractions of width and height.
        look: (h, w) True where to look; None where rectangles say all.
        aspect: width / height that a picture's mask was drawn for.

    Raises:
        SettingsError: empty or misplaced rectangles, or nothing left to look at.

    >>> mask = Mask.from_rectangles([(0, 0, 0.5, 0.25)], "fractions")
    >>> mask.apply(np.zeros((4, 4, 3), np.uint8))[:, :, 0]
    array([[128, 128,   0,   0],
           [  0,   0,   0,   0],
           [  0,   0,   0,   0],
           [  0,   0,   0,   0]], dtype=uint8)
    """

    rectangles: tuple[Rectangle, ...] = ()
    unit: Unit = "pixels"
    look: BoolArray | None = None
    aspect: float | None = None
    _layers: dict[tuple[int, int], tuple[ImageArray, ImageArray]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for rectangle in self.rectangles:
            x0, y0, x1, y1 = rectangle
            limit = 1 if self.unit == "fractions" else np.inf
            if not (0 <= x0 < x1 <= limit and 0 <= y0 < y1 <= limit):
                raise SettingsError(f"a mask's rectangle is x0 < x1, y0 < y1 in {self.unit}, not {rectangle}")
        if self.look is not None:
            object.__setattr__(self, "look", frozen_array(self.look, np.bool_, "look", None, None))
            if not self.look.any():
                raise SettingsError("the mask ignores the whole picture; white is where to look, black what to ignore")

    @classmethod
    def from_rectangles(cls, rectangles: Sequence[Rectangle], unit: Unit = "pixels") -> Self:
        """A mask that ignores these rectangles."""
        return cls(tuple(cast(Rectangle, tuple(float(v) for v in r)) for r in rectangles), unit)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """A mask from a picture: white = look, black = ignore; as wide for its height as the video is.

        Raises:
            VideoError: not a picture.
            SettingsError: it is all black.
        """
        image = read_image(Path(path))
        height, width = image.shape[:2]
        shrink = min(1.0, FINEST / max(width, height))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        look = cv2.resize(image[..., 1], size, interpolation=cv2.INTER_NEAREST) >= 128
        if not look.any():
            raise SettingsError(f"{path}: is all black; paint white where to look")
        return cls(look=look, aspect=width / height)

    def apply(self, image: ImageArray) -> ImageArray:
        """A copy of (H, W, 3) RGB with the ignored pixels painted grey.

        Raises:
            SettingsError: another aspect than the mask's, or nothing left to look at.
        """
        size = image.shape[1], image.shape[0]
        if size not in self._layers:
            look = np.repeat(self.looked_at(*size)[..., np.newaxis], 3, axis=2)
            self._layers[size] = np.where(look, 255, 0).astype(np.uint8), np.where(look, 0, PAINT).astype(np.uint8)
        keep, paint = self._layers[size]
        kept = cv2.bitwise_and(image, keep)
        return cast(ImageArray, cv2.bitwise_or(kept, paint, dst=kept))

    def looked_at(self, width: int, height: int) -> BoolArray:
        """(height, width) True where to look, for video of that size. Raises as `apply` does."""
        look = np.ones((height, width), np.bool_)
        if self.look is not None:
            if abs(width / height / (self.aspect or 1) - 1) > 0.02:
                raise SettingsError(
                    f"the mask is for pictures {self.aspect:.2f} times as wide as high, not {width} x {height};"
                    " draw it on a frame of this video"
                )
            look = cv2.resize(self.look.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        scale = (width, height, width, height) if self.unit == "fractions" else (1, 1, 1, 1)
        for rectangle in self.rectangles:
            x0, y0, x1, y1 = (round(v * s) for v, s in zip(rectangle, scale, strict=True))
            look[y0:y1, x0:x1] = False
        if not look.any():
            raise SettingsError(
                f"the mask ignores every pixel of a {width} x {height} video; leave something to look at"
            )
        return look

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON values, a few kilobytes at most; `from_json` reads them."""
        packed = None
        if self.look is not None:
            bits = zlib.compress(np.packbits(self.look).tobytes(), 9)
            packed = {"shape": list(self.look.shape), "bits": base64.b64encode(bits).decode()}
        rectangles = [list(rectangle) for rectangle in self.rectangles]
        return {"rectangles": rectangles, "unit": self.unit, "look": packed, "aspect": self.aspect}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The mask that `to_json` described.

        Raises:
            StoreError: it is no such description.
        """
        try:
            unit: Unit = "fractions" if value["unit"] == "fractions" else "pixels"
            rectangles = cast(Sequence[Rectangle], value["rectangles"])
            mask = cls.from_rectangles(rectangles, unit)
            packed = cast("Mapping[str, Json] | None", value["look"])
            look = None if packed is None else _unpacked(packed)
            return cls(mask.rectangles, unit, look, cast("float | None", value["aspect"]))
        except (KeyError, TypeError, ValueError, SettingsError, binascii.Error, zlib.error) as error:
            raise StoreError(f"a saved mask is damaged ({error}); make it again") from error

    def identity(self) -> dict[str, Json]:
        """Equal identities ignore the same pixels; small, for cache keys."""
        content = b"" if self.look is None else np.packbits(self.look).tobytes() + str(self.look.shape).encode()
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        return {"name": "mask", **{**self.to_json(), "look": digest if content else None}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash((self.rectangles, self.unit, self.aspect))


def _unpacked(packed: Mapping[str, Json]) -> BoolArray:
    height, width = (int(side) for side in cast(Sequence[int], packed["shape"]))
    if not (0 < height <= FINEST and 0 < width <= FINEST):
        raise ValueError(f"{height} x {width}")
    bits = zlib.decompressobj().decompress(base64.b64decode(str(packed["bits"])), FINEST * FINEST)
    flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=height * width)
    return flat.reshape(height, width).astype(np.bool_)
