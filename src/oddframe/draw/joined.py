"""The score curves of many videos end to end, on one line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from oddframe.draw import canvas, panel
from oddframe.draw.canvas import INCHES, new_figure, pixels, place
from oddframe.draw.curves import add_legend, entries_of
from oddframe.draw.stretches import Truth, truth_of
from oddframe.draw.typeface import legible, properties, shortened
from oddframe.errors import DataError
from oddframe.types import ImageArray, Timeline, VideoId, duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, LEGEND, MIDDLE, AXIS = 0.46, 0.22, 0.54, 0.14, 0.32
POINTS = 9.0


def plot_joined(
    timelines: Sequence[Timeline],
    truth: Truth | None = None,
    *,
    marks: Sequence[tuple[VideoId, int]] = (),
    width: int = 1600,
    height: float = 1.5,
) -> ImageArray:
    """Plot the scores of videos end to end, with thresholds, events, ground truth, and what was not scorable.

    Below the axes stand the videos' names, or the time if there is only one.

    Args:
        timelines: from left to right.
        truth: the anomalous frames of each video: (F,) bool, or (first frame, one past the last, kind) runs.
        marks: (video, frame) places to number over the curve, from 1.
        width: of the picture, in pixels; type and lines grow with it.
        height: of the axes, in tenths of the width.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no timelines, a mark on none of them, or truth that does not fit its video.
    """
    if not timelines:
        raise DataError("no timelines to plot; score a video first")
    odd = [truth_of(timeline, truth) for timeline in timelines]
    begins = [0.0, *accumulate(timeline.info.until(len(timeline.scores)) for timeline in timelines)]
    figure = new_figure(width, LEGEND + height + AXIS)
    add_legend(figure, entries_of(timelines, odd), LEFT, MIDDLE, POINTS)
    _note(figure, f"{len(timelines)} videos end to end, " * (len(timelines) > 1) + duration(begins[-1]))
    axes = place(figure, LEFT, LEGEND, INCHES - LEFT - RIGHT, height)
    panel.set_scale(axes, *panel.score_range(timelines), begins[-1])
    axes.set_xticks(*(panel.ticks(begins[-1]) if len(timelines) == 1 else ([], [])))
    panel.dress(axes, POINTS - 1)
    for timeline, runs, begin in zip(timelines, odd, begins, strict=False):
        panel.shade_truth(axes, timeline, runs, POINTS - 1, begin)
        panel.hatch_not_scorable(axes, timeline, POINTS - 1, begin)
        panel.draw_curve(axes, timeline, begin)
        panel.draw_threshold(axes, timeline, begin)
        panel.mark_events(axes, timeline, begin)
    _divide(axes, begins[1:-1])
    if len(timelines) > 1:
        _name(axes, timelines, begins)
    for number, (video, frame) in enumerate(marks, 1):
        _mark(axes, number, _time(timelines, begins, video, frame))
    return pixels(figure)


def _note(figure: Figure, words: str) -> None:
    level = 1 - MIDDLE / float(figure.get_figheight())
    style: dict[str, Any] = {"color": canvas.QUIET, "fontproperties": properties(POINTS - 1)}
    figure.text(1 - RIGHT / INCHES, level, words, ha="right", va="center", **style)


def _divide(axes: Axes, borders: Sequence[float]) -> None:
    """Lines between the videos, and gaps in the strip of events: none runs from one video into the next."""
    for border in borders:
        below, above = axes.plot([border] * 2, [-0.04, 1], [border] * 2, [panel.STRIP[0] - 0.01, panel.STRIP[1] + 0.01])
        below.set(color=canvas.BORDER, linewidth=0.8, zorder=2.5)
        above.set(color=canvas.PAPER, linewidth=2.0, zorder=5.5)
        for line in (below, above):
            line.set(transform=axes.get_xaxis_transform(), clip_on=False, linestyle="-", marker="")


def _name(axes: Axes, timelines: Sequence[Timeline], begins: Sequence[float]) -> None:
    """Names under the videos, as far as they fit."""
    size = (POINTS - 1) * axes.figure.dpi / 72
    share = float(axes.bbox.width) / max(begins[-1], 1e-3)
    style: dict[str, Any] = {"color": canvas.QUIET, "fontproperties": properties(POINTS - 1), "parse_math": False}
    for timeline, begin, end in zip(timelines, begins, begins[1:], strict=False):
        name = legible(shortened(timeline.info.id, (end - begin) * share - 0.5 * size, size))
        under = axes.text((begin + end) / 2, -0.05, name, ha="center", va="top", **style)
        under.set_transform(axes.get_xaxis_transform())


def _time(timelines: Sequence[Timeline], begins: Sequence[float], video: VideoId, frame: int) -> float:
    """Where a frame is on the axes."""
    for timeline, begin in zip(timelines, begins, strict=False):
        if timeline.info.id == video and 0 <= frame < len(timeline.scores):
            return begin + timeline.info.seconds(frame + 0.5)
    raise DataError(f"{video}: frame {frame} is on none of the timelines; plot its video too")


def _mark(axes: Axes, number: int, time: float) -> None:
    """A number in a disc, on the strip of events."""
    across, level = axes.get_xaxis_transform(), sum(panel.STRIP) / 2
    (disc,) = axes.plot([time], [level], marker="o", markersize=15, color=canvas.INK, markeredgecolor=canvas.PAPER)
    disc.set(transform=across, clip_on=False, zorder=7)
    style: dict[str, Any] = {"color": canvas.PAPER, "fontproperties": properties(POINTS, bold=True), "zorder": 8}
    axes.text(time, level, str(number), transform=across, ha="center", va="center_baseline", **style)
