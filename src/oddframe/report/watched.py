"""What a report shows of each video: scored, explained and pictured in one pass, so far as that goes."""

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
from oddframe.report.gather import video_part
from oddframe.report.moments import moments_of
from oddframe.report.parts import Compared, NormalMoment, VideoPart
from oddframe.scoring import MapScale
from oddframe.types import Run, Timeline
from oddframe.video import Video

MAPPED = 16_000
"""Frames of a video whose maps are kept until its pictures are made: a quarter of a gigabyte."""
SHARE = 0.8
"""The share of the pictures' room that the videos' own pictures may take; the rest is for normal moments."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A video that was scored, and what is needed to show it."""

    video: Video
    timeline: Timeline
    stamp: tuple[int, int] | None

    def check(self) -> Self:
        """Itself. Raises VideoError where the file has changed since it was scored."""
        if stamp(self.video) != self.stamp:
            raise VideoError(f"{self.video.source}: has changed since it was scored; report it again when complete")
        return self


def watched(witness: Witness, video: Video, run: Run, *, cache: CacheLike = None) -> Watched:
    """Score a video and keep what is needed to show it; raises what `Detector.score` raises."""
    filmed = Filmed(video) if video.medium == "pictures" else video
    before, maps = stamp(video), (video.hint or MAPPED + 1) <= MAPPED
    timeline = witness.detector.score(filmed, run, maps=maps, cache=cache)
    if isinstance(filmed, Filmed):
        filmed.fill()
    return Watched(filmed, timeline, before)


def part_of(witness: Witness, seen: Watched, *, truth: Truth | None = None, limit: int, videos: int = 1) -> VideoPart:
    """What a report shows of a video; nothing of it is kept afterwards. Arguments and errors as of `video_part`."""
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
    """An explanation as a report shows it, its pictures still missing."""
    nearest = tuple(
        NormalMoment(one.video, one.frame, why.seconds_of(one), one.box, one.distance) for one in why.nearest()
    )
    return Compared(why.explanation.unit, why.within, nearest)


def scale_of(detector: Detector, timeline: Timeline) -> MapScale:
    """What colours mean: fixed by the calibration; without a threshold, by the video's highest score."""
    known = detector.calibration
    highest = float(timeline.scores[timeline.valid].max()) if timeline.valid.any() else None
    return MapScale.of(known.floor, known.threshold, highest)


def stamp(video: Video) -> tuple[int, int] | None:
    """When a video's file or folder was last changed, and its size; None where it is not on the disk."""
    try:
        found = Path(video.source).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
