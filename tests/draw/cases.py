"""Timelines to draw: by hand, and any there can be."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from oddframe.draw.canvas import rgb
from oddframe.types import BoolArray, Event, ImageArray, Observations, Scored, Timeline, VideoInfo

Row = tuple[int, tuple[float, float, float, float], float]
"""Frame, box, score of an observation."""


def scored(video: str, rows: Sequence[Row] = (), reach: int = 0) -> Scored:
    """Observations that cover `reach` frames to either side."""
    frame = np.array([row[0] for row in rows], np.int64)
    observations = Observations(
        video=video,
        frame=frame,
        span=np.stack([frame - reach, frame + reach + 1], axis=1),
        ready=frame,
        box=np.array([row[1] for row in rows], np.float32).reshape(-1, 4),
    )
    return Scored(observations, np.array([row[2] for row in rows], np.float32))


def event(start: int, end: int, fps: int = 10, box: tuple[float, float, float, float] | None = None) -> Event:
    """An event with its peak in the middle."""
    peak = (start + end) // 2
    return Event(start, end, peak, 5.0, box, start / fps, end / fps, peak / fps)


def timeline(
    scores: npt.ArrayLike,
    video: str = "v",
    *,
    threshold: float | None = None,
    events: tuple[Event, ...] = (),
    reasons: tuple[tuple[int, int, str], ...] = (),
    rows: Scored | None = None,
) -> Timeline:
    """A video of 10 frames a second; scores that are NaN are not scorable."""
    values = np.asarray(scores, np.float32)
    info = VideoInfo(video, 64, 48, Fraction(10), len(values))
    return Timeline(info, values, np.isfinite(values), rows or scored(video), reasons, threshold, events)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Any timeline: empty, of one frame, long, flat, huge scores, gaps with and without reasons, no threshold."""
    frames = draw(st.sampled_from([0, 1, 2, 17, 5000]))
    scale = draw(st.sampled_from([0.0, 1.0, 1e-30, 1e30]))
    values = np.random.default_rng(frames).normal(size=frames) * scale
    first, last = sorted((draw(st.integers(0, frames)), draw(st.integers(0, frames))))
    values[first:last] = np.nan
    reasons = ((first, last, "covered"),) if draw(st.booleans()) and first < last else ()
    events = (event(first, last),) if first < last else ()
    name = draw(st.sampled_from(["v", "a $very$ long_name " * 20, "門\n\t", ""]))
    threshold = draw(st.sampled_from([None, 0.0, 3.0]))
    return timeline(values, name, threshold=threshold, events=events, reasons=reasons)


def of_colour(image: ImageArray, colour: str) -> BoolArray:
    """(H, W) where a picture has exactly this colour."""
    return np.asarray((image == np.array(rgb(colour), np.uint8)).all(axis=2))
