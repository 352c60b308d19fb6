"""The score curves of many videos end to end, on one line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from oddframe.errors import DataError
from oddframe.report import palette, panel
from oddframe.report.canvas import INCHES, new_figure, pixels, place
from oddframe.report.clock import duration
from oddframe.report.legend import add_legend, entries_of
from oddframe.report.stretches import Truth, truth_of
from oddframe.report.typeface import legible, properties, shortened
from oddframe.types import ImageArray, Timeline, VideoId

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, RIGHT, LEGEND, AXIS = 0.46, 0.08, 0.5, 0.32
POINTS = 9.0


def plot_joined(
    timelines: Sequence[Timeline],
    truth: Truth | None = None,
    *,
    marks: Sequence[tuple[VideoId, int]] = (),
    width: int = 1600,
    height: float = 1.5,
) -> ImageArray:
    """The score curves of videos end to end, with thresholds, events, ground truth, and what was not scorable.

    Args:
        timelines: from left to right.
        truth: what is odd, by video: (F,) bool, or (first frame, one past the last, kind) runs.
        marks: (video, frame) places to number on the curve, from 1.
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
    begins = [0.0, *accumulate(timeline.info.seconds(len(timeline.scores)) for timeline in timelines)]
    figure = new_figure(width, LEGEND + height + AXIS)
    add_legend(figure, entries_of(timelines, odd), LEFT, 0.16, POINTS)
    high = float(figure.get_figheight())
    count = f"{len(timelines)} videos end to end, " if len(timelines) > 1 else ""
    note = properties(POINTS - 1)
    right = 1 - RIGHT / INCHES
    figure.text(
        right,
        1 - 0.16 / high,
        count + duration(begins[-1]),
        ha="right",
        va="center",
        color=palette.QUIET,
        fontproperties=note,
    )
    axes = place(figure, LEFT, LEGEND, INCHES - LEFT - RIGHT, height)
    panel.set_scale(axes, *panel.score_range(timelines), begins[-1])
    axes.set_xticks([])
    panel.dress(axes, POINTS - 1)
    for timeline, runs, begin in zip(timelines, odd, begins, strict=False):
        panel.shade_truth(axes, timeline, runs, POINTS - 1, begin)
        panel.hatch_not_scorable(axes, timeline, POINTS - 1, begin)
        panel.draw_curve(axes, timeline, begin)
        panel.draw_threshold(axes, timeline, begin)
        panel.mark_events(axes, timeline, begin)
    _name(axes, timelines, begins)
    for number, (video, frame) in enumerate(marks, 1):
        _mark(axes, number, *_place(timelines, begins, video, frame))
    return pixels(figure)


def _name(axes: Axes, timelines: Sequence[Timeline], begins: Sequence[float]) -> None:
    """Names under the videos, as far as they fit, and lines between them."""
    across = axes.get_xaxis_transform()
    size = (POINTS - 1) * axes.figure.dpi / 72
    share = float(axes.bbox.width) / max(begins[-1], 1e-3)
    for timeline, begin, end in zip(timelines, begins, begins[1:], strict=False):
        name = shortened(timeline.info.id, (end - begin) * share - 0.5 * size, size)
        font = properties(POINTS - 1)
        axes.text(
            *((begin + end) / 2, -0.05, legible(name)),
            transform=across,
            ha="center",
            va="top",
            color=palette.QUIET,
            fontproperties=font,
            parse_math=False,
        )
    for border in begins[1:-1]:
        axes.plot(
            [border] * 2, [-0.04, 1], transform=across, color=palette.BORDER, linewidth=0.8, clip_on=False, zorder=2.5
        )


def _place(timelines: Sequence[Timeline], begins: Sequence[float], video: VideoId, frame: int) -> tuple[float, float]:
    """Where a frame's score is on the axes; frames without a score are marked at the bottom."""
    for timeline, begin in zip(timelines, begins, strict=False):
        if timeline.info.id == video and 0 <= frame < len(timeline.scores):
            return begin + timeline.info.seconds(frame + 0.5), float(timeline.scores[frame])
    raise DataError(f"{video}: frame {frame} is on none of the timelines; plot its video too")


def _mark(axes: Axes, number: int, time: float, score: float) -> None:
    level = score if np.isfinite(score) else axes.get_ylim()[0]
    axes.plot(
        [time],
        [level],
        marker="o",
        markersize=13,
        color=palette.INK,
        markeredgecolor=palette.PAPER,
        zorder=7,
        clip_on=False,
    )
    font = properties(POINTS - 0.5, bold=True)
    axes.text(
        time, level, str(number), ha="center", va="center_baseline", color=palette.PAPER, fontproperties=font, zorder=8
    )
