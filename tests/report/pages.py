"""Reports made by hand: any number of videos, with pictures or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from oddframe.draw import Truth
from oddframe.report import Compared, Facts, Filmed, Page, VideoPart, video_part
from oddframe.scoring import MapScale, as_runs
from oddframe.types import Event, Observations, Scored, Timeline, VideoInfo
from oddframe.video import ArrayVideo

SCALE = MapScale(0.0, 1.0, 2.0)
FRAMES, WIDTH, HEIGHT = 60, 64, 48
BOX = (10.0, 10.0, 30.0, 40.0)


def film(name: str, frames: int = FRAMES) -> ArrayVideo:
    """A video of a texture that gets brighter, so that frames can be told apart."""
    texture = np.random.default_rng(0).integers(0, 60, (HEIGHT, WIDTH, 3))
    images = [np.uint8(20 + index + texture) for index in range(frames)]
    return ArrayVideo(images, fps=10, name=name)


def told(
    name: str = "gate",
    *,
    odd: tuple[tuple[int, int], ...] = ((20, 30),),
    threshold: float | None = 1.0,
    gap: tuple[int, int] | None = (50, 60),
    high: float = 3.0,
) -> Timeline:
    """A timeline with an event in each odd stretch and, perhaps, a gap at its end."""
    scores = (0.5 + 0.3 * np.sin(np.arange(FRAMES) / 5)).astype(np.float32)
    for start, end in odd:
        scores[start:end] = high
        scores[(start + end) // 2] += 0.5
    if gap is not None:
        scores[slice(*gap)] = np.nan
    at = np.arange(FRAMES)
    rows = Observations(
        video=name, frame=at, span=np.stack([at, at + 1], axis=1), ready=at, box=np.tile(BOX, (FRAMES, 1))
    )
    events = tuple(
        Event(a, b, (a + b) // 2, high + 0.5, BOX, a / 10, b / 10, (a + b) / 20, f"{name}-{a}", 0.0123) for a, b in odd
    )
    return Timeline(
        VideoInfo(name, WIDTH, HEIGHT, Fraction(10), FRAMES),
        scores,
        np.isfinite(scores),
        Scored(rows, np.nan_to_num(scores, nan=0.1)),
        () if gap is None else ((*gap, "dark"),),
        threshold,
        events if threshold is not None else (),
    )


def part(
    timeline: Timeline,
    *,
    pictures: bool = True,
    truth: Truth | None = None,
    compared: Mapping[int, Compared] | None = None,
    limit: int = 1_000_000,
) -> VideoPart:
    """The video's part, as if it had been watched while it was scored."""
    video = None
    if pictures:
        video = Filmed(film(timeline.info.id))
        assert len(list(video)) == FRAMES
    return video_part(timeline, video, scale=SCALE, truth=truth, compared=compared, limit=limit)


def page(*parts: VideoPart, threshold: float | None = 1.0, title: str = "A day at the gate") -> Page:
    """A report of these parts."""
    facts = (Facts("Detector", (("preset", "default"),)),)
    return Page(title, "made by hand", threshold, parts, facts=facts)


def masked(name: str, start: int, end: int) -> Truth:
    """Truth that says one stretch is odd."""
    mask = np.zeros(FRAMES, np.int64)
    mask[start:end] = 1
    return {name: as_runs(mask, ("", "cart"))}


def renamed(one: VideoPart, name: str) -> VideoPart:
    """The same part of a video of another name."""
    return replace(one, name=name)
