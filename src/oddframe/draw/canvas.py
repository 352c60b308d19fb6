"""matplotlib without its global state, and the colours of every picture.

People who confuse red with green can tell the colours apart (after Okabe and Ito, "Color Universal Design", 2008), and
so can readers of a grey print, by their lightness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddframe.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INCHES = 10.0
"""The width of every figure: type and lines are in points, so a wider picture has larger ones."""


def new_figure(width: int, height: float) -> Figure:
    """Make a white figure.

    Args:
        width: in pixels.
        height: in inches of a figure that is `INCHES` wide.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  matplotlib is slow to import, and few need it

    # The quarter pixel keeps 140.3 * 10, which is 1402.9999999999998 in binary, from becoming 1402.
    figure = Figure(figsize=(INCHES, height), dpi=(width + 0.25) / INCHES, facecolor=PAPER)
    figure.set_layout_engine("none")  # places are exact, whatever the user's settings say
    return figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add bare white axes to a figure.

    Args:
        figure: from `new_figure`.
        left, top: their upper left corner, in inches from the figure's.
        width, height: in inches.
    """
    high = float(figure.get_figheight())
    axes = figure.add_axes(
        (left / INCHES, (high - top - height) / high, width / INCHES, height / high), facecolor=PAPER
    )
    axes.grid(False)
    axes.margins(0)
    return axes


def pixels(figure: Figure) -> ImageArray:
    """Draw the figure: (H, W, 3) uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(drawn[..., :3])


INK = "#16202b"
"""Text and the strongest lines."""

QUIET = "#5b6672"
"""Axes, ticks and what explains."""

HAIR = "#c9d0d7"
"""Thin lines that separate."""

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
    """Return a `#rrggbb` colour as three numbers, 0 to 255.

    >>> rgb(PAPER)
    (255, 255, 255)
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
