"""The parts of a plot of scores: the curve, what lies around it, and its axes, which may hold many videos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.draw import canvas
from oddframe.draw.stretches import not_scorable
from oddframe.draw.typeface import legible, properties, shortened, width
from oddframe.scoring import Reasons
from oddframe.types import FloatArray, IntArray, Timeline, VideoInfo, clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes


STRIP = (1.035, 1.085)
"""Lower and upper edge of the strip of events over the axes, as shares of the height of the axes."""


def score_range(timelines: Sequence[Timeline]) -> tuple[float, float]:
    """Return the lowest and the highest of all scores and thresholds; (0, 1) if there are none."""
    values = [timeline.scores[timeline.valid].astype(np.float64) for timeline in timelines]
    values.append(np.array([t.threshold for t in timelines if t.threshold is not None]))
    joined = np.concatenate(values)
    return (float(joined.min()), float(joined.max())) if len(joined) else (0.0, 1.0)


def set_scale(axes: Axes, low: float, high: float, seconds: float, headroom: float = 0.24) -> None:
    """Fix the range of both axes, with room for words over the curve.

    Args:
        axes: to be changed.
        low, high: the lowest and the highest score.
        seconds: the length of the time axis.
        headroom: over the highest score, as a share of the range of scores.
    """
    tall = high - low or max(abs(high), 1.0)
    axes.set_xlim(0, max(seconds, 1e-3))
    axes.set_ylim(low - 0.06 * tall, high + headroom * tall)


def dress(axes: Axes, points: float) -> None:
    """Give axes thin lines, and few numbers of `points` in size."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  matplotlib is slow to import, and few need it

    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=canvas.QUIET, linewidth=0.7)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.minorticks_off()
    axes.tick_params(direction="out", length=2.5, width=0.7, color=canvas.QUIET, labelcolor=canvas.QUIET, pad=2.5)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(properties(points))


def shade_truth(axes: Axes, timeline: Timeline, truth: Reasons, points: float, begin: float = 0.0) -> None:
    """Shade the stretches that are anomalous according to the ground truth, titled by their kind.

    Args:
        axes: to be drawn on.
        timeline: of the video.
        truth: (first frame, one past the last, kind) runs.
        points: size of the type.
        begin: where the video begins on the axes, in seconds.
    """
    for start, end, kind in truth:
        left, right = begin + timeline.info.seconds(start), begin + timeline.info.until(end)
        axes.axvspan(left, right, facecolor=canvas.TRUTH, edgecolor="none", linewidth=0, zorder=1)
        _say(axes, kind, (left, right), points, level=0.965, va="top", color=canvas.TRUTH_INK)


def hatch_not_scorable(axes: Axes, timeline: Timeline, points: float, begin: float = 0.0) -> None:
    """Hatch the stretches without a score, and write the reason; arguments as of `shade_truth`."""
    ground = {"boxstyle": "round,pad=0.25", "facecolor": canvas.PAPER, "edgecolor": "none"}
    for start, end, reason in not_scorable(timeline):
        left, right = begin + timeline.info.seconds(start), begin + timeline.info.until(end)
        axes.axvspan(left, right, facecolor=canvas.BLANK, edgecolor="none", linewidth=0, zorder=2)
        axes.axvspan(left, right, facecolor="none", edgecolor=canvas.BORDER, hatch="////", linewidth=0, zorder=2)
        _say(axes, reason, (left, right), points, level=0.5, va="center", color=canvas.INK, bbox=ground)


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
    """Draw the score over time, filled where it is over the threshold; arguments as of `shade_truth`."""
    columns = max(int(axes.bbox.width), 1)
    frame, score = outline(timeline.scores, columns)
    time = begin + timeline.info.frame_times().at(frame)
    time, score = broken(time, score, timeline.info, begin)
    axes.plot(
        time, score, color=canvas.CURVE, linewidth=1.25, linestyle="-", marker="", solid_joinstyle="round", zorder=4
    )
    dots = alone(score)
    axes.plot(time[dots], score[dots], color=canvas.CURVE, linestyle="", marker="o", markersize=3, zorder=4)
    if timeline.threshold is not None:
        over = np.greater(score, timeline.threshold)
        axes.fill_between(
            *(time, timeline.threshold, score),
            where=over,
            interpolate=True,
            color=canvas.ALARM,
            alpha=0.32,
            linewidth=0,
            zorder=3,
        )


def broken(time: Points, score: Points, info: VideoInfo, begin: float = 0.0) -> tuple[Points, Points]:
    """Cut a curve where the recording has holes: points without a score, between the times on both sides of each."""
    if info.times is None:
        return time, score
    holes = np.searchsorted(time, [begin + info.times.begin(start) for start in info.times.starts[1:]])
    ends = [begin + info.times.end(start) for start in info.times.starts[1:]]
    return np.insert(time, holes, ends), np.insert(score, holes, np.nan)


def draw_threshold(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """Draw the threshold, if there is one, over the length of the video; arguments as of `shade_truth`."""
    if timeline.threshold is not None:
        ends = [begin, begin + timeline.info.until(len(timeline.scores))]
        axes.plot(ends, [timeline.threshold] * 2, color=canvas.INK, linewidth=0.9, dashes=(5, 3), marker="", zorder=5)


def mark_events(axes: Axes, timeline: Timeline, begin: float = 0.0) -> None:
    """Draw each event as a bar along the top edge, with a mark at its peak; arguments as of `shade_truth`."""
    for event in timeline.events:
        left, right = begin + event.start_time, begin + event.end_time
        bar = axes.axvspan(left, right, *STRIP, facecolor=canvas.ALARM, edgecolor=canvas.ALARM, linewidth=0.8)
        bar.set(clip_on=False, zorder=5)
        peak = begin + timeline.info.seconds(event.peak + 0.5)
        (mark,) = axes.plot([peak], [STRIP[0] - 0.02], marker="v", markersize=6, color=canvas.ALARM, markeredgewidth=0)
        mark.set(transform=axes.get_xaxis_transform(), clip_on=False, zorder=6)


STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200)
"""Seconds from tick to tick; beyond the last, days."""
DAY = 86400
CLOCK_FROM = 120
"""Seconds; a longer axis has clock times."""


def ticks(length: float, most: int = 10) -> tuple[list[float], list[str]]:
    """Place the ticks of a time axis: in seconds, the last with its unit, or clock times beyond two minutes.

    Args:
        length: of the axis, in seconds.
        most: ticks after the one at 0.

    Returns:
        Seconds, and what is written at each.

    >>> ticks(18.0)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0], ['0', '2', '4', '6', '8', '10', '12', '14', '16', '18 s'])
    >>> ticks(600.0, most=2)
    ([0.0, 300.0, 600.0], ['0:00', '5:00', '10:00'])
    """
    step = next((step for step in STEPS if length <= step * most), DAY * math.ceil(length / DAY / most))
    places = [number * step for number in range(int(length / step + 1e-6) + 1)]
    if length > CLOCK_FROM:
        return [float(place) for place in places], [clock(place, 0) for place in places]
    decimals = max(0, -math.floor(math.log10(step)))
    words = [f"{place:.{decimals}f}" for place in places]
    return [float(place) for place in places], [*words[:-1], f"{words[-1]} s"]


Points: TypeAlias = npt.NDArray[np.float64]


def outline(scores: FloatArray, columns: int) -> tuple[Points, Points]:
    """Thin a score curve for drawing: of a long video, each column keeps its lowest and its highest score.

    So a peak of one frame in a day of video still shows. A column is a gap only where it has no score at all.

    Args:
        scores: (F,), NaN where there is none.
        columns: of the picture.

    Returns:
        (P,) positions in frames, and (P,) scores.

    >>> outline(np.array([3, 1, 2, 9, 0, 0, 0, 5], np.float32), columns=1)
    (array([4., 4.]), array([0., 9.]))
    """
    exact = scores.astype(np.float64)
    if len(scores) <= 4 * columns:
        return np.arange(len(scores), dtype=np.float64) + 0.5, exact
    edges = np.linspace(0, len(scores), columns + 1).astype(np.int64)
    low, high = np.fmin.reduceat(exact, edges[:-1]), np.fmax.reduceat(exact, edges[:-1])
    middles: Points = (edges[:-1] + edges[1:]) / 2
    return np.repeat(middles, 2), np.stack([low, high], axis=1).ravel()


def alone(score: Points) -> IntArray:
    """Return the places of single scores between two gaps, of which a line would show nothing.

    >>> alone(np.array([1.0, np.nan, 1.0, 1.0, np.nan, 1.0]))
    array([0, 5])
    """
    there = np.isfinite(np.concatenate([[np.nan], score, [np.nan]]))
    return np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
