"""Scored observations to test scoring on: by hand, and any there can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from oddframe.scoring import Reasons
from oddframe.types import Observations, Scored, Times, Window


@dataclass(frozen=True)
class Case:
    """One video, as scoring sees it."""

    frames: int
    window: Window
    frame: list[int]
    span: list[tuple[int, int]]
    ready: list[int]
    score: list[float]
    reasons: Reasons
    floor: float


def scored(case: Case | Scored) -> Scored:
    """What a model would have said."""
    if isinstance(case, Scored):
        return case
    n = len(case.frame)
    rows = Observations(
        video="v",
        frame=np.array(case.frame, np.int64),
        span=np.array(case.span, np.int64).reshape(n, 2),
        ready=np.array(case.ready, np.int64),
        box=np.tile(np.array([0, 0, 1, 1], np.float32), (n, 1)),
        through=case.frames,
    )
    return Scored(rows, np.array(case.score, np.float32))


def even(frames: int, fps: int = 25) -> Times:
    """Times at a constant rate."""
    return Times.even(frames, Fraction(fps))


def observations(frame: npt.ArrayLike, score: Sequence[float] | npt.ArrayLike, look_ahead: int = 0) -> Scored:
    """Observations that cover one frame each; the box of row i is (i, 0, i + 1, 1)."""
    about = np.asarray(frame, np.int64)
    n = len(about)
    x = np.arange(n, dtype=np.float32)
    rows = Observations(
        video="v",
        frame=about,
        span=np.stack([about, about + 1], axis=1),
        ready=about + look_ahead,
        box=np.stack([x, 0 * x, x + 1, 0 * x + 1], axis=1),
        through=int(about.max(initial=-1)) + 1,
    )
    return Scored(rows, np.asarray(score, np.float32))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any video: windows with strides and dilations, long spans, unscorable stretches, too short ones."""
    length, stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    extent = (length - 1) * dilation + 1
    window = Window(length, stride, dilation, about=draw(st.integers(0, extent - 1)))
    frames = draw(st.integers(0, 30))
    starts = range(0, max(frames - extent + 1, 0), stride)
    numbers = sorted(draw(st.lists(st.sampled_from(list(starts)), max_size=8))) if starts else []
    frame = [start + window.about for start in numbers]
    bad = sorted(draw(st.sets(st.integers(0, 30), max_size=2)))
    return Case(
        frames=frames,
        window=window,
        frame=frame,
        span=[(f, min(f + draw(st.integers(1, 6)), frames)) for f in frame],
        ready=[start + extent - 1 for start in numbers],
        score=[float(draw(st.integers(-5, 5))) for _ in frame],
        reasons=tuple((b, min(b + 1, frames), "dark" if b % 2 else "frozen") for b in bad if b < frames),
        floor=-7.0,
    )
