"""What self-paced refinement left out of training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from oddframe.draw import canvas
from oddframe.draw.canvas import new_figure, pixels, place
from oddframe.draw.typeface import legible, properties
from oddframe.errors import DataError
from oddframe.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, TOP, WIDE, HIGH, BOTTOM = 0.95, 0.85, 8.75, 3.0, 0.65
POINTS = 10.0
BAR = 0.72


def plot_dropped(
    counts: Sequence[tuple[int, int]], abnormal: float, title: str = "", *, width: int = 1200
) -> ImageArray:
    """Bars of how many observations each epoch left out, and how many of these are abnormal.

    Args:
        counts: per epoch (abnormal, normal) ones that counted for nothing.
        abnormal: the share of abnormal ones among all, 0 .. 1; told beside, for comparison.
        title: the run.
        width: of the picture, in pixels.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no epochs.
    """
    if not counts:
        raise DataError("nothing was refined, so nothing was left out; train with refinement first")
    figure = new_figure(width, TOP + HIGH + BOTTOM)
    axes = place(figure, LEFT, TOP, WIDE, HIGH)
    odd, normal = np.asarray(counts, float).T
    epochs = np.arange(1, len(counts) + 1)
    bars: list[Any] = [
        axes.bar(epochs, odd, BAR, color=canvas.ALARM),
        axes.bar(epochs, normal, BAR, bottom=odd, color=canvas.HAIR),
    ]
    _dress(axes, len(counts))
    for epoch, part, whole in zip(epochs, odd, odd + normal, strict=True):
        told = f"{part / whole:.0%}" if whole else "-"
        axes.annotate(told, (epoch, whole), (0, 3), textcoords="offset points", ha="center", **_text(POINTS - 2))
    high = TOP + HIGH + BOTTOM
    figure.text(LEFT / 10, 1 - 0.28 / high, legible(title), va="center", **_text(POINTS + 1, bold=True))
    figure.legend(
        bars,
        [f"abnormal ({abnormal:.0%} of all cubes are; above each bar, the share among dropped ones)", "normal"],
        loc="center left",
        bbox_to_anchor=(LEFT / 10, 1 - 0.6 / high),
        ncols=2,
        prop=properties(POINTS),
        frameon=False,
        borderaxespad=0,
        borderpad=0,
    )
    return pixels(figure)


def _dress(axes: Axes, epochs: int) -> None:
    axes.set_xlim(0.4, epochs + 0.6)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08 + 1)
    step = max(1, round(epochs / 15))
    axes.set_xticks(range(step, epochs + 1, step) if step > 1 else range(1, epochs + 1))
    axes.set_xlabel("epoch", **_text())
    axes.set_ylabel("cubes that counted for nothing", **_text())
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontproperties=properties(POINTS - 1), color=canvas.QUIET)
    axes.tick_params(color=canvas.HAIR, length=3)
    axes.grid(True, axis="y", color=canvas.BLANK, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color=canvas.HAIR, linewidth=0.8)


def _text(points: float = POINTS, *, bold: bool = False) -> dict[str, Any]:
    return {"color": canvas.INK, "fontproperties": properties(points, bold)}
