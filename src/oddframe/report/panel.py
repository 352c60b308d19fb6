"""What a score curve is drawn from: the curve itself, and what lies around it, onto axes that may hold many videos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from oddframe.report import palette
from oddframe.report.outline import alone, outline
from oddframe.report.stretches import not_scorable
from oddframe.report.typeface import legible, properties, shortened, width
from oddframe.scoring import Reasons
from oddframe.types import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRIP = (1.035, 1.085)
"""Where the events lie: just over the axes, as shares of their height."""


def score_range(timelines: Sequence[Timeline]) -> tuple[float, float]:
    """The lowest and the highest of all scores and thresholds; (0, 1) if there are none."""
    values = [timeline.scores[timeline.valid].astype(np.float64) for timeline in timelines]
    values.append(np.array([t.threshold for t in timelines if t.threshold is not None]))
    joined = np.concatenate(values)
    return (float(joined.min()), float(joined.max())) if len(joined) else (0.0, 1.0)


def set_scale(axes: Axes, low: float, high: float, seconds: float, headroom: float = 0.24) -> None:
    """Fix both axes, with room for words over the curve."""
    tall = high - low or max(abs(high), 1.0)
    axes.set_xlim(0, max(seconds, 1e-3))
    axes.set_ylim(low - 0.06 * tall, high + headroom * tall)


def dress(axes: Axes, points: float) -> None:
    """Thin axes, few numbers."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  matplotlib is slow to import, and few need it

    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=palette.QUIET, linewidth=0.7)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.minorticks_off()
    axes.tick_params(direction="out", length=2.5, width=0.7, color=palette.QUIET, labelcolor=palette.QUIET, pad=2.5)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(properties(points))


def shade_truth(axes: Axes, timeline: Timeline, truth: Reasons, points: float, begin: float = 0.0) -> None:
    """The odd stretches as a ground, titled by their kind; the video begins at `begin` seconds of the axes."""
    for start, end, kind in truth:
        left, right = (begin + timeline.info.seconds(frame) for frame in (start, end))
        axes.axvspan(left, right, facecolor=palette.TRUTH, edgecolor="none", linewidth=0, zorder=1)
        _say(axes, kind, (left, right), points, level=0.965, va="top", color=palette.TRUTH_INK)


def hatch_not_scorable(axes: Axes, timeline: Timeline, points: float, begin: float = 0.0) -> None:
    """The stretches without a score, hatched, with their reason."""
    ground = {"boxstyle": "round,pad=0.25", "facecolor": palette.PAPER, "edgecolor": "none"}
    for start, end, reason in not_scorable(timeline):
        left, right = (begin + timeline.info.seconds(frame) for frame in (start, end))
        axes.axvspan(left, right, facecolor=palette.BLANK, edgecolor="none", linewidth=0, zorder=2)
        axes.axvspan(left, right, facecolor="none", edgecolor=palette.BORDER, hatch="////", linewidth=0, zorder=2)
        _say(axes, reason, (left, right), points, level=0.5, va="center", color=palette.INK, bbox=ground)


def _say(axes: Axes, word: str, between: tuple[float, float], points: float, *, level: float, **style: Any) -> None:
    """Write a word between two times, smaller or shortened where it has to be; nothing where there is no room."""
    ends = axes.transData.transform([(time, 0.0) for time in between])[:, 0]
    pixel = axes.figure.dpi / 72
    room = float(ends[1] - ends[0]) - 0.4 * points * pixel
    if width(word, points * pixel) > room:
        points *= 0.85
    if shown := shortened(word, room, points * pixel):
        font, across = properties(points), axes.get_xaxis_transform()
        at = (sum(between) / 2, level)
        axes.text(
            *at, legible(shown), transform=across, ha="center", fontproperties=font, parse_math=False, zorder=6, **style
        )


def draw_curve(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """The score over time, filled where it is over the threshold; a gap where there is none."""
    columns = max(int(axes.bbox.width), 1)
    frame, score = outline(timeline.scores, columns)
    time = begin + frame / float(timeline.info.fps)
    axes.plot(
        time, score, color=palette.CURVE, linewidth=1.25, linestyle="-", marker="", solid_joinstyle="round", zorder=4
    )
    dots = alone(score)
    axes.plot(time[dots], score[dots], color=palette.CURVE, linestyle="", marker="o", markersize=3, zorder=4)
    if timeline.threshold is not None:
        over = np.greater(score, timeline.threshold)
        axes.fill_between(
            *(time, timeline.threshold, score),
            where=over,
            interpolate=True,
            color=palette.ALARM,
            alpha=0.32,
            linewidth=0,
            zorder=3,
        )


def draw_threshold(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """The threshold, over the video's length; nothing where the detector has none."""
    if timeline.threshold is not None:
        ends = [begin, begin + timeline.info.seconds(len(timeline.scores))]
        axes.plot(ends, [timeline.threshold] * 2, color=palette.INK, linewidth=0.9, dashes=(5, 3), marker="", zorder=5)


def mark_events(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """Each event as a bar along the top edge, with a mark at its peak."""
    for event in timeline.events:
        left, right = begin + event.start_time, begin + event.end_time
        bar = axes.axvspan(left, right, *STRIP, facecolor=palette.ALARM, edgecolor=palette.ALARM, linewidth=0.8)
        bar.set(clip_on=False, zorder=5)
        peak = begin + timeline.info.seconds(event.peak + 0.5)
        (mark,) = axes.plot([peak], [STRIP[0] - 0.02], marker="v", markersize=6, color=palette.ALARM, markeredgewidth=0)
        mark.set(transform=axes.get_xaxis_transform(), clip_on=False, zorder=6)
