"""matplotlib without its global state: a figure of so many pixels, and its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddframe.report.palette import PAPER
from oddframe.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = 10.0
"""The width of every figure: type and lines are in points, so a wider picture has larger ones."""


def new_figure(width: int, height: float) -> Figure:
    """A white figure.

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
    """Bare white axes whose upper left corner is at (left, top); all in inches, from the figure's upper left corner."""
    high = float(figure.get_figheight())
    axes = figure.add_axes(
        (left / INCHES, (high - top - height) / high, width / INCHES, height / high), facecolor=PAPER
    )
    axes.grid(False)
    axes.margins(0)
    return axes


def pixels(figure: Figure) -> ImageArray:
    """The figure, drawn: (H, W, 3) uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(drawn[..., :3])
