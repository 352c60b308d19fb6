"""Frame rates as exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from oddframe.errors import SettingsError

Rate: TypeAlias = "Fraction | float | int | str"

ASSUMED_FPS = Fraction(25)
"""Frames per second where nothing tells: pictures in a folder carry no clock, and 25 is what most
surveillance benchmarks were recorded at. Only seconds depend on it, never the order or number of frames."""

FASTEST_FPS = 1000
"""A stream that claims as many is taken to have put its clock's resolution in the place of its frame rate."""


def exact_fps(rate: Rate) -> Fraction:
    """A frame rate as a fraction; the rounded names of the NTSC rates mean the NTSC rates.

    Raises:
        SettingsError: not a positive number.

    >>> exact_fps(29.97), exact_fps("12.5")
    (Fraction(30000, 1001), Fraction(25, 2))
    """
    try:
        fps = Fraction(rate)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise SettingsError(f"fps must be a number such as 25 or '30000/1001', not {rate!r}") from None
    if not 0 < fps <= FASTEST_FPS:
        raise SettingsError(f"fps must be over 0 and at most {FASTEST_FPS}, not {rate!r}")
    ntsc = Fraction(round(fps) * 1000, 1001)
    if not isinstance(rate, Fraction) and fps.denominator > 1 and round(ntsc, 2) == round(fps, 2):
        return ntsc
    return fps if fps.denominator <= FASTEST_FPS else fps.limit_denominator(FASTEST_FPS + 1)


def sensible(rate: Fraction | None) -> bool:
    """Whether what a file says of its rate can be a frame rate."""
    return rate is not None and 0 < rate < FASTEST_FPS
