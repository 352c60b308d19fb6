"""What a score curve is drawn from: the curve itself, and what lies around it, onto axes that may hold many videos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from oddframe.report import palette
from oddframe.report.stretches import not_scorable
from oddframe.report.typeface import legible, properties, shortened
from oddframe.scoring import Reasons
from oddframe.types import FloatArray, Timeline

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
        title = _fitting(axes, kind, left, right, points)
        _say(axes, title, ((left + right) / 2, 0.965), points, palette.TRUTH_INK)


def hatch_not_scorable(axes: Axes, timeline: Timeline, points: float, begin: float = 0.0) -> None:
    """The stretches without a score, hatched, with their reason."""
    for start, end, reason in not_scorable(timeline):
        left, right = (begin + timeline.info.seconds(frame) for frame in (start, end))
        axes.axvspan(left, right, facecolor=palette.BLANK, edgecolor="none", linewidth=0, zorder=2)
        axes.axvspan(left, right, facecolor="none", edgecolor=palette.BORDER, hatch="////", linewidth=0, zorder=2)
        word = _fitting(axes, reason, left, right, points)
        _say(axes, word, ((left + right) / 2, 0.5), points, palette.INK, ground=True)


def _fitting(axes: Axes, word: str, left: float, right: float, points: float) -> str:
    ends = axes.transData.transform([(left, 0.0), (right, 0.0)])[:, 0]
    size = points * axes.figure.dpi / 72
    return shortened(word, float(ends[1] - ends[0]) - 0.5 * size, size)


def _say(axes: Axes, word: str, at: tuple[float, float], points: float, colour: str, ground: bool = False) -> None:
    if not word:
        return
    box = {"boxstyle": "round,pad=0.25", "facecolor": palette.PAPER, "edgecolor": "none"} if ground else None
    axes.text(
        *at,
        legible(word),
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="center" if ground else "top",
        color=colour,
        fontproperties=properties(points),
        bbox=box,
        parse_math=False,
        zorder=6,
    )


def draw_curve(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """The score over time, filled where it is over the threshold; a gap where there is none."""
    columns = max(int(axes.bbox.width), 1)
    frame, score = outline(timeline.scores, columns)
    time = begin + frame / float(timeline.info.fps)
    axes.plot(
        time, score, color=palette.CURVE, linewidth=1.25, linestyle="-", marker="", solid_joinstyle="round", zorder=4
    )
    alone = _alone(score)
    axes.plot(time[alone], score[alone], color=palette.CURVE, linestyle="", marker="o", markersize=3, zorder=4)
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


def outline(scores: FloatArray, columns: int) -> tuple[FloatArray, FloatArray]:
    """Frame positions and scores to draw: all of them, or of a long video each column's lowest and highest.

    A day of video has millions of frames, a picture a thousand columns; a peak of one frame still shows.
    """
    exact = scores.astype(np.float64)
    if len(scores) <= 4 * columns:
        return np.arange(len(scores)) + 0.5, exact  # type: ignore[return-value]
    edges = np.linspace(0, len(scores), columns + 1).astype(np.int64)
    low, high = np.fmin.reduceat(exact, edges[:-1]), np.fmax.reduceat(exact, edges[:-1])
    return np.repeat((edges[:-1] + edges[1:]) / 2, 2), np.stack([low, high], axis=1).ravel()


def _alone(score: FloatArray) -> FloatArray:
    """The places of scores between two gaps, of which a line would show nothing."""
    there = np.isfinite(np.concatenate([[np.nan], score, [np.nan]]))
    return np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])


def draw_threshold(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """The threshold, over the video's length; nothing where the detector has none."""
    if timeline.threshold is not None:
        ends = [begin, begin + timeline.info.seconds(len(timeline.scores))]
        axes.plot(ends, [timeline.threshold] * 2, color=palette.INK, linewidth=0.9, dashes=(5, 3), marker="", zorder=5)


def mark_events(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """Each event as a bar along the top edge, with a mark at its peak."""
    across = axes.get_xaxis_transform()
    low, high = STRIP
    for event in timeline.events:
        left, right = begin + event.start_time, begin + event.end_time
        bar = axes.axvspan(left, right, *STRIP, facecolor=palette.ALARM, edgecolor=palette.ALARM, linewidth=0.8)
        bar.set(clip_on=False, zorder=5)
        peak = begin + timeline.info.seconds(event.peak + 0.5)
        axes.plot(
            [peak],
            [low - 0.015],
            marker="v",
            markersize=5,
            color=palette.ALARM,
            markeredgewidth=0,
            transform=across,
            clip_on=False,
            zorder=6,
        )
