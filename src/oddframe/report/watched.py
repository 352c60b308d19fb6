"""Videos on their way into a report: scored, explained and pictured, in one pass where that is possible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from oddframe.draw import Truth
from oddframe.engine.detector import Detector
from oddframe.engine.explain import Explained
from oddframe.engine.explainer import Witness
from oddframe.engine.observed import CacheLike
from oddframe.errors import VideoError
from oddframe.report.filmstrip import Filmed
from oddframe.report.gather import moments_of, video_part
from oddframe.report.parts import Compared, NormalMoment, VideoPart
from oddframe.scoring import MapScale
from oddframe.types import Run, Timeline
from oddframe.video import Video

MAPPED = 16_000
"""Frames of the longest video whose maps stay in memory until its pictures are made: a quarter of a gigabyte."""
SHARE = 0.8
"""Share of the bytes for pictures that the videos' own pictures may take; the rest is for normal moments."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A video that was scored, its timeline, and the stamp of its file from before."""

    video: Video
    timeline: Timeline
    stamp: tuple[int, int] | None

    def check(self) -> Self:
        """Return itself.

        Raises:
            VideoError: the file has changed since it was scored.
        """
        if stamp(self.video) != self.stamp:
            raise VideoError(f"{self.video.source}: has changed since it was scored; report it again when complete")
        return self


def watched(witness: Witness, video: Video, run: Run, *, cache: CacheLike = None) -> Watched:
    """Score a video, and take its filmstrip on the way.

    Args:
        witness: a detector that remembers what it needs for explanations.
        video: to be scored.
        run: how to run.
        cache: where observations are stored, as in `Detector.score`.

    Raises:
        OddframeError: what `Detector.score` raises.
    """
    filmed = Filmed(video) if video.medium == "pictures" else video
    before, maps = stamp(video), (video.hint or MAPPED + 1) <= MAPPED
    timeline = witness.detector.score(filmed, run, maps=maps, cache=cache)
    if isinstance(filmed, Filmed):
        filmed.fill()
    return Watched(filmed, timeline, before)


def part_of(witness: Witness, seen: Watched, *, truth: Truth | None = None, limit: int, videos: int = 1) -> VideoPart:
    """Make the part of a video, and drop what was remembered of it; arguments and errors as of `video_part`."""
    timeline, part = seen.timeline, None
    told = {}
    for moment in moments_of(timeline):
        why = witness.explain(timeline, moment.frame)
        if why is not None:
            told[moment.frame] = compared(why)
    witness.drop(timeline)
    scale = scale_of(witness.detector, timeline)
    part = video_part(
        timeline, seen.check().video, scale=scale, truth=truth, compared=told, limit=round(SHARE * limit), videos=videos
    )
    seen.check()
    return part


def compared(why: Explained) -> Compared:
    """Turn an explanation into what a report shows, still without pictures."""
    nearest = tuple(
        NormalMoment(one.video, one.frame, why.seconds_of(one), one.box, one.distance) for one in why.nearest()
    )
    return Compared(why.explanation.unit, why.within, nearest)


def scale_of(detector: Detector, timeline: Timeline) -> MapScale:
    """Return what the colours of maps mean: by the calibration, or without a threshold by the highest score."""
    known = detector.calibration
    highest = float(timeline.scores[timeline.valid].max()) if timeline.valid.any() else None
    return MapScale.of(known.floor, known.threshold, highest)


def stamp(video: Video) -> tuple[int, int] | None:
    """Return when a video's file or folder was last changed (ns) and its size; None where it is not on the disk."""
    try:
        found = Path(video.source).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
