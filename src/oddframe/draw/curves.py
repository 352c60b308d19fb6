"""Score curves, one panel for each video, with a legend of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from oddframe.draw import canvas, panel
from oddframe.draw.canvas import INCHES, new_figure, pixels, place
from oddframe.draw.stretches import Truth, truth_of
from oddframe.draw.typeface import legible, properties, shortened
from oddframe.errors import DataError
from oddframe.scoring import Reasons
from oddframe.types import ImageArray, Timeline, duration
from oddframe.video.write import write_image

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


LEFT, RIGHT = 0.62, 0.28

LEGEND, TITLE, AXIS = 0.42, 0.38, 0.32

POINTS = 9.0


def plot_timeline(timeline: Timeline, file: str | Path | None = None) -> ImageArray:
    """Draw the score curve of one video as `plot_timelines` does; with a file, write the picture to it as well.

    Raises:
        StoreError: the file cannot be written.
    """
    picture = plot_timelines([timeline])
    if file is not None:
        write_image(file, picture)
    return picture


def plot_timelines(
    timelines: Sequence[Timeline],
    truth: Truth | None = None,
    *,
    width: int = 1400,
    panel_height: float = 1.25,
    same_scale: bool = True,
) -> ImageArray:
    """Plot the scores of videos, one panel under the other: threshold, events, ground truth, and what was not scorable.

    Args:
        timelines: one panel each, in this order.
        truth: the anomalous frames of each video: (F,) bool, or (first frame, one past the last, kind) runs, which
            are titled by their kind.
        width: of the picture, in pixels; type and lines grow with it.
        panel_height: of one panel's axes, in tenths of the width.
        same_scale: whether all panels have the same score axis, so that heights can be compared.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no timelines, or truth that does not fit its video.
    """
    if not timelines:
        raise DataError("no timelines to plot; score a video first")
    odd = [truth_of(timeline, truth) for timeline in timelines]
    row = TITLE + panel_height + AXIS
    figure = new_figure(width, LEGEND + row * len(timelines) + 0.05)
    add_legend(figure, entries_of(timelines, odd), LEFT, LEGEND / 2 + 0.04, POINTS)
    for number, (timeline, runs) in enumerate(zip(timelines, odd, strict=True)):
        axes = place(figure, LEFT, LEGEND + row * number + TITLE, INCHES - LEFT - RIGHT, panel_height)
        scale = panel.score_range(timelines if same_scale else [timeline])
        _draw(axes, timeline, runs, scale)
        _title(figure, axes, timeline)
    return pixels(figure)


def _draw(axes: Axes, timeline: Timeline, odd: Reasons, scale: tuple[float, float]) -> None:
    seconds = timeline.info.until(len(timeline.scores))
    panel.set_scale(axes, *scale, seconds)
    axes.set_xticks(*panel.ticks(seconds))
    panel.dress(axes, POINTS - 1)
    panel.shade_truth(axes, timeline, odd, POINTS - 1)
    panel.hatch_not_scorable(axes, timeline, POINTS - 1)
    panel.draw_curve(axes, timeline)
    panel.draw_threshold(axes, timeline)
    panel.mark_events(axes, timeline)


def _title(figure: Figure, axes: Axes, timeline: Timeline) -> None:
    count = len(timeline.events)
    aside = duration(timeline.info.until(len(timeline.scores)))
    if timeline.threshold is not None:
        aside += f"  ·  {count} event{'' if count == 1 else 's'}"
    box = axes.get_position()
    level = box.y1 + 0.15 / float(figure.get_figheight())
    size = POINTS * figure.dpi / 72
    name = shortened(timeline.info.id, 0.7 * axes.bbox.width, size, bold=True)
    for x, words, side, colour, bold in (
        (box.x0, legible(name), "left", canvas.INK, True),
        (box.x1, aside, "right", canvas.QUIET, False),
    ):
        font = properties(POINTS + bold - 0.5, bold)
        figure.text(x, level, words, ha=side, va="bottom", color=colour, fontproperties=font, parse_math=False)


def entries_of(timelines: Sequence[Timeline], odd: Sequence[Reasons]) -> dict[str, Artist]:
    """Return the entries of a legend: what is to be seen in the curves of `timelines`, and an example of each."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  matplotlib is slow to import, and few need it
    from matplotlib.patches import Patch  # noqa: PLC0415

    every = {
        "score": (True, Line2D([], [], color=canvas.CURVE, linewidth=1.6)),
        "threshold": (
            any(t.threshold is not None for t in timelines),
            Line2D([], [], color=canvas.INK, linewidth=1, dashes=(4, 2)),
        ),
        "event, ▾ its peak": (any(t.events for t in timelines), Line2D([], [], color=canvas.ALARM, linewidth=4)),
        "anomalous (ground truth)": (any(odd), Patch(facecolor=canvas.TRUTH, edgecolor="none")),
        "not scorable": (
            any(not t.valid.all() for t in timelines),
            Patch(facecolor=canvas.BLANK, edgecolor=canvas.BORDER, hatch="//////", linewidth=0),
        ),
    }
    return {word: example for word, (there, example) in every.items() if there}


def add_legend(figure: Figure, entries: dict[str, Artist], left: float, middle: float, points: float) -> None:
    """Add a legend of one row at the figure's top.

    Args:
        figure: from `new_figure`.
        entries: from `entries_of`.
        left, middle: where the row begins, and the level of its middle, in inches from the upper left corner.
        points: size of the type.
    """
    high = float(figure.get_figheight())
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="center left",
        bbox_to_anchor=(left / INCHES, 1 - middle / high),
        ncols=len(entries),
        prop=properties(points),
        labelcolor=canvas.INK,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.8,
        handletextpad=0.6,
        columnspacing=2.2,
    )
