"""The colours of every picture, in one place.

They are told apart by people who confuse red with green (after Okabe and Ito, "Color Universal Design", 2008), and
by their lightness alone, so that a grey print still reads.
"""

from __future__ import annotations

INK = "#16202b"
"""Text and the strongest lines."""
QUIET = "#5b6672"
"""Axes, ticks and what explains."""
HAIR = "#c9d0d7"
"""What should hardly be noticed."""
BORDER = "#8b96a1"
"""Lines between videos, and the lines of a hatching."""
BLANK = "#eef1f4"
"""The ground under a hatching."""
CURVE = "#0b5a8f"
"""The score."""
ALARM = "#d04a00"
"""Events, and the score where it is over the threshold."""
TRUTH = "#fae0a6"
"""Ground truth, as a ground for everything else."""
TRUTH_INK = "#7a4a00"
"""Words on the ground truth."""
SPOT = "#ff7a1a"
"""The strongest box, on a frame of any brightness."""
PAPER = "#ffffff"
LINES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("#0b5a8f", ()),
    ("#d04a00", ()),
    ("#117733", ()),
    ("#16202b", (4, 2)),
    ("#aa4499", (4, 2)),
    ("#a07800", (4, 2)),
    ("#56a4d8", (1, 1.5)),
    ("#882255", (1, 1.5)),
)
"""Colour and dashes of lines that share axes."""


def rgb(colour: str) -> tuple[int, int, int]:
    """A `#rrggbb` colour as 0..255 numbers.

    >>> rgb(PAPER)
    (255, 255, 255)
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
