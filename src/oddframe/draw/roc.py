"""ROC curves of several detectors in one picture."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from oddframe.draw import canvas
from oddframe.draw.canvas import new_figure, pixels, place
from oddframe.draw.typeface import legible, properties
from oddframe.errors import DataError
from oddframe.metrics import RocCurve
from oddframe.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, TOP, SIDE, BOTTOM = 0.75, 0.5, 5.2, 0.7
POINTS = 10.0
MOST_POINTS = 2000


def plot_roc(curves: Mapping[str, RocCurve], title: str = "", *, width: int = 1200) -> ImageArray:
    """Plot ROC curves, each named with the area under it, the largest first.

    Args:
        curves: by name.
        title: what they have in common: the data set and the protocol.
        width: of the picture, in pixels; type and lines grow with it.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no curves.
    """
    if not curves:
        raise DataError("no ROC curves to plot; measure a detector first")
    figure = new_figure(width, TOP + SIDE + BOTTOM)
    axes = place(figure, LEFT, TOP, SIDE, SIDE)
    _dress(axes)
    figure.text(LEFT / 10, 1 - 0.5 * TOP / (TOP + SIDE + BOTTOM), legible(title), va="center", **_text(bold=True))
    names = sorted(curves, key=lambda name: -curves[name].area)
    lines = [_draw(axes, curves[name], *look) for name, look in zip(names, cycle(canvas.LINES), strict=False)]
    figure.legend(
        lines,
        [f"{curves[name].area:.3f}  {legible(name)}" for name in names],
        loc="upper left",
        bbox_to_anchor=((LEFT + SIDE + 0.3) / 10, 1 - TOP / (TOP + SIDE + BOTTOM)),
        title="area under the curve",
        alignment="left",
        prop=properties(POINTS),
        title_fontproperties=properties(POINTS, bold=True),
        frameon=False,
        borderaxespad=0,
        handlelength=2.6,
    )
    return pixels(figure)


def _dress(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.plot([0, 1], [0, 1], color=canvas.HAIR, linewidth=1)
    axes.set_xlabel("false positive rate: normal frames flagged", **_text())
    axes.set_ylabel("true positive rate: anomalous frames flagged", **_text())
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontproperties=properties(POINTS - 1), color=canvas.QUIET)
    axes.tick_params(color=canvas.HAIR, length=3)
    axes.grid(True, color=canvas.BLANK, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color=canvas.HAIR, linewidth=0.8)


def _draw(axes: Axes, curve: RocCurve, colour: str, dashes: tuple[float, ...]) -> Any:
    shown = np.unique(np.linspace(0, len(curve.false_rate) - 1, MOST_POINTS).round().astype(np.int64))
    (line,) = axes.plot(curve.false_rate[shown], curve.true_rate[shown], color=colour, linewidth=1.7)
    line.set(clip_on=False, zorder=3)  # over the axes' edges, where the best curves run
    if dashes:
        line.set_dashes(dashes)
    return line


def _text(bold: bool = False) -> dict[str, Any]:
    return {"color": canvas.INK, "fontproperties": properties(POINTS, bold)}
