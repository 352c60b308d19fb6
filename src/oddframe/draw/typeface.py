"""Words on pictures: one typeface, which comes with matplotlib, so that a picture is the same on every machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from oddframe.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

MISSING = "\N{WHITE SQUARE}"


def _file(bold: bool) -> Path:
    from matplotlib import get_data_path  # noqa: PLC0415  matplotlib is slow to import, and few need it

    return Path(get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


def _font(size: float, bold: bool) -> FT2Font:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    font = FT2Font(str(_file(bold)))
    font.set_size(size, 72)
    return font


@cache
def _characters() -> frozenset[int]:
    return frozenset(_font(10, bold=False).get_charmap()) & frozenset(_font(10, bold=True).get_charmap())


def legible(text: str) -> str:
    """The text on one line, a square in place of every character that the typeface has not.

    >>> legible("gate 4\\nnorth")
    'gate 4 north'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return "".join(letter if ord(letter) in _characters() else MISSING for letter in printable)


def properties(points: float, bold: bool = False) -> FontProperties:
    """The typeface as matplotlib wants it."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    return FontProperties(fname=str(_file(bold)), size=points)


def width(text: str, size: float, bold: bool = False) -> float:
    """How many pixels wide a text is at a size in pixels."""
    font = _font(size, bold)
    font.set_text(legible(text))
    return float(font.get_width_height()[0] / 64)


def shortened(text: str, room: float, size: float, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits into `room` pixels; nothing if not even four letters do.

    >>> shortened("wheelchair", 1000, 20), shortened("wheelchair", 5, 20)
    ('wheelchair', '')
    """
    if width(text, size, bold) <= room:
        return text
    # Bisection over the number of letters kept: names of files may be long.
    fits, too_many = 0, len(text)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fitting = width(text[:middle].rstrip() + "…", size, bold) <= room
        fits, too_many = (middle, too_many) if fitting else (fits, middle)
    return text[:fits].rstrip() + "…" if fits >= 4 else ""


def write(
    image: ImageArray,
    text: str,
    at: tuple[float, float],
    size: float,
    colour: tuple[int, int, int],
    *,
    bold: bool = False,
    anchor: Literal["left", "middle", "right"] = "left",
) -> None:
    """Write a text into an (H, W, 3) picture, in place; what lies outside the picture is cut off.

    Args:
        at: x of the anchor, and y of the line that letters stand on.
        size: of the type, in pixels.
        colour: RGB.
    """
    font = _font(size, bold)
    font.set_text(legible(text))
    font.draw_glyphs_to_bitmap(antialiased=True)
    mask = np.asarray(font.get_image())
    x = round(at[0] - {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor] * mask.shape[1])
    y = round(at[1] + font.get_descent() / 64) - mask.shape[0]
    _blend(image, mask, x, y, colour)


def _blend(image: ImageArray, mask: ImageArray, x: int, y: int, colour: tuple[int, int, int]) -> None:
    inside = mask[max(-y, 0) : max(image.shape[0] - y, 0), max(-x, 0) : max(image.shape[1] - x, 0)]
    if not inside.size:
        return
    top, left = max(y, 0), max(x, 0)
    under = image[top : top + inside.shape[0], left : left + inside.shape[1]]
    opacity = inside[..., None].astype(np.float32) / 255
    under[:] = np.rint(under + (np.array(colour, np.float32) - under) * opacity).astype(np.uint8)
