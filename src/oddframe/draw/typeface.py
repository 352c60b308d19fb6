"""Words on pictures: DejaVu Sans, which comes with matplotlib, so that a picture is the same on every machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from PIL.ImageFont import FreeTypeFont

MISSING = "\N{WHITE SQUARE}"


def _file(bold: bool) -> Path:
    from matplotlib import get_data_path  # noqa: PLC0415  matplotlib is slow to import, and few need it

    return Path(get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@cache
def _font(size: float, bold: bool) -> FreeTypeFont:
    # The basic layout is built into every Pillow; the other one depends on a library of the machine.
    return ImageFont.truetype(_file(bold), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _characters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    plain, bold = (frozenset(FT2Font(str(_file(bold))).get_charmap()) for bold in (False, True))
    return plain & bold


def legible(text: str) -> str:
    """Put a text on one line, with a square in place of every character that the typeface does not have.

    >>> legible("gate 4\\nnorth")
    'gate 4 north'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return "".join(letter if ord(letter) in _characters() else MISSING for letter in printable)


def properties(points: float, bold: bool = False) -> FontProperties:
    """Return the typeface as matplotlib takes it.

    Args:
        points: its size, in points.
        bold: whether letters are bold.
    """
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    return FontProperties(fname=str(_file(bold)), size=points)


def width(text: str, size: float, bold: bool = False) -> float:
    """Measure how many pixels wide a text is at a size in pixels."""
    return float(_font(size, bold).getlength(legible(text)))


def shortened(text: str, room: float, size: float, bold: bool = False) -> str:
    """Cut a text so that it fits into `room` pixels; nothing is left if not even four letters fit.

    Args:
        text: the whole text.
        room: in pixels.
        size: of the type, in pixels.
        bold: whether letters are bold.

    Returns:
        The text itself if it fits, else as much of its beginning as does, with an ellipsis.

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
    picture: Image.Image,
    text: str,
    at: tuple[float, float],
    size: float,
    colour: str,
    *,
    bold: bool = False,
    anchor: Literal["left", "middle", "right"] = "left",
) -> None:
    """Write a text into a picture; what lies outside the picture is cut off.

    Args:
        picture: RGB, changed.
        text: one line.
        at: x of the anchor, and y of the line that letters stand on, in pixels.
        size: of the type, in pixels.
        colour: `#rrggbb`.
        bold: whether letters are bold.
        anchor: the end of the text that x is about.
    """
    # Whole pixels keep stems sharp.
    place = round(at[0]), round(at[1])
    ImageDraw.Draw(picture).text(place, legible(text), fill=colour, font=_font(size, bold), anchor=f"{anchor[0]}s")
