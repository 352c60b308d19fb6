"""What the lines and grounds of a score curve mean: only of those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from oddframe.report import palette
from oddframe.report.canvas import INCHES
from oddframe.report.typeface import properties
from oddframe.scoring import Reasons
from oddframe.types import Timeline

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


def entries_of(timelines: Sequence[Timeline], odd: Sequence[Reasons]) -> dict[str, Artist]:
    """Words and examples of what is seen in the curves of `timelines`."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  matplotlib is slow to import, and few need it
    from matplotlib.patches import Patch  # noqa: PLC0415

    every = {
        "score": (True, Line2D([], [], color=palette.CURVE, linewidth=1.6)),
        "threshold": (
            any(t.threshold is not None for t in timelines),
            Line2D([], [], color=palette.INK, linewidth=1, dashes=(4, 2)),
        ),
        "event, ▾ its peak": (any(t.events for t in timelines), Line2D([], [], color=palette.ALARM, linewidth=4)),
        "odd by ground truth": (any(odd), Patch(facecolor=palette.TRUTH, edgecolor="none")),
        "not scorable": (
            any(not t.valid.all() for t in timelines),
            Patch(facecolor=palette.BLANK, edgecolor=palette.BORDER, hatch="//////", linewidth=0),
        ),
    }
    return {word: example for word, (there, example) in every.items() if there}


def add_legend(figure: Figure, entries: dict[str, Artist], left: float, middle: float, points: float) -> None:
    """One row of them at the figure's top; places are in inches from its upper left corner."""
    high = float(figure.get_figheight())
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="center left",
        bbox_to_anchor=(left / INCHES, 1 - middle / high),
        ncols=len(entries),
        prop=properties(points),
        labelcolor=palette.INK,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.8,
        handletextpad=0.6,
        columnspacing=2.2,
    )
