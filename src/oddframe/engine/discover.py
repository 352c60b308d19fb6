"""Discovery: the most anomalous moments of unsorted video, ranked over all files.

A moment is a peak of the frame scores that is not part of another one's event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from oddframe.cache.cache import ObservationCache
from oddframe.engine.detector import Detector
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.sources import CachedSource, SourcePart, why_nothing
from oddframe.engine.usable import videos_of
from oddframe.errors import EmptyVideo, FitError, OddframeError, SettingsError
from oddframe.models.abilities import Updatable
from oddframe.models.base import Regime
from oddframe.scoring import find_events
from oddframe.types import BoolArray, Event, FloatArray, Run, Timeline, Times, VideoId
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources

SLACK = 1e-6
"""Seconds: 2 s at 25 fps are 50 frames, whatever binary fractions say."""

REMEDY = (
    "give longer video, or, if something does move in this one, have the foreground look for less"
    " (--set observer.foreground=motion --set observer.foreground.displacement=0.3) or look at whole frames"
    " (--detector knn-snippet)"
)

Failed: TypeAlias = Callable[[Video, OddframeError], object]


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the most anomalous stretches of several videos.

    Args:
        rank: 1 is the most anomalous.
        video: whose it is.
        event: from where to where, its peak and score, and the box of the most anomalous observation there.
    """

    rank: int
    video: VideoId
    event: Event


@dataclass(frozen=True, slots=True)
class Spacing:
    """What is one moment, and what are two.

    Args:
        level: a moment lasts while the score is over this share of the peak's height above the median of all videos.
        longest: seconds that it lasts at most, half of them before its peak and half after.
        apart: seconds from the end of one moment to the peak of another of the same video, at least.

    Raises:
        SettingsError: a value out of range.
    """

    level: float = 0.5
    longest: float = 10.0
    apart: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or not (0 <= self.longest < math.inf and 0 <= self.apart < math.inf):
            raise SettingsError("spacing: level lies between 0 and 1, longest and apart are seconds, 0 or more")


def ranked(timelines: Sequence[Timeline], count: int, spacing: Spacing = Spacing()) -> tuple[Moment, ...]:
    """Rank at most `count` moments, the most anomalous first; scores compare, as all timelines are of one detector.

    A moment has its peak where something is seen, the score rises on neither side, and it lies above the median of
    all scorable frames.
    The order of the timelines does not matter: of equal peaks, the video of the lesser name comes first.
    """
    usual = usual_score(timelines)
    found = [(one.info.id, event) for one in timelines for event in _picked(one, usual, count, spacing)]
    found.sort(key=lambda one: (-one[1].score, one[0], one[1].peak))
    return tuple(Moment(rank, video, event) for rank, (video, event) in enumerate(found[:count], 1))


def usual_score(timelines: Sequence[Timeline]) -> float:
    """The median score of all scorable frames; NaN where there are none."""
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores[one.valid] for one in timelines)])
    return float(np.median(scores)) if len(scores) else math.nan


def _picked(timeline: Timeline, usual: float, count: int, spacing: Spacing) -> Iterator[Event]:
    """The moments of one video, the most anomalous first."""
    scores = np.where(timeline.valid, timeline.scores, -np.inf)
    times, picked = timeline.info.frame_times(), 0
    taken, near = (np.zeros(len(scores), np.bool_) for _ in range(2))
    for peak in _peaks(np.where(_seen(timeline), scores, -np.inf), usual, times.starts):
        if not near[peak] and picked < count:
            level = usual + spacing.level * (float(scores[peak]) - usual)
            reach = _reach(times, peak, spacing.longest / 2)
            start, end = _stretch((scores >= level) & ~taken & reach, scores, peak)
            taken[start:end] = True
            since, until = times.time[start] - spacing.apart, times.time[end - 1] + spacing.apart
            near |= (times.time > since + SLACK) & (times.time < until - SLACK)
            near[start:end] = True
            picked += 1
            yield _event(timeline, start, end)


def _seen(timeline: Timeline) -> BoolArray:
    """(F,) the frames that some observation covers: others have the score of their neighbours, and nothing to show."""
    change = np.zeros(len(timeline.scores) + 1, np.int64)
    first, end = np.clip(timeline.scored.observations.span, 0, len(timeline.scores)).T
    np.add.at(change, first, 1)
    np.add.at(change, end, -1)
    return np.cumsum(change[:-1]) > 0


def _peaks(scores: FloatArray, usual: float, starts: Sequence[int]) -> list[int]:
    """Where scores are highest among their neighbours and above the usual, the highest first; holes have no sides."""
    before, after = np.pad(scores, (1, 0), constant_values=-np.inf)[:-1], np.append(scores, -np.inf)[1:]
    borders = np.array(starts[1:], np.int64)
    before[borders], after[borders - 1] = -np.inf, -np.inf
    places = np.flatnonzero((scores > before) & (scores >= after) & (scores > usual))
    return [int(place) for place in places[np.argsort(-scores[places], kind="stable")]]


def _reach(times: Times, peak: int, half: float) -> BoolArray:
    """(F,) the frames at most `half` seconds before or after a peak, on its side of a hole."""
    longest = half + float(1 / times.fps) - SLACK  # the frame in which that time ends belongs to it
    reach: BoolArray = (np.abs(times.time - times.time[peak]) < longest) & (times.part == times.part[peak])
    return reach


def _stretch(high: BoolArray, scores: FloatArray, peak: int) -> tuple[int, int]:
    """The run of high frames around a peak, none of them higher than the peak."""
    before = high[:peak] & (scores[:peak] < scores[peak])
    after = high[peak + 1 :] & (scores[peak + 1 :] <= scores[peak])
    return peak - _run(before[::-1]), peak + 1 + _run(after)


def _run(inside: BoolArray) -> int:
    """How many are inside before the first that is not."""
    outside = np.flatnonzero(~inside)
    return int(outside[0]) if len(outside) else len(inside)


def _event(timeline: Timeline, start: int, end: int) -> Event:
    alone = np.full(len(timeline.scores), np.nan, np.float32)
    alone[start:end] = timeline.scores[start:end]
    (event,) = find_events(alone, timeline.scored, timeline.info, threshold=-np.inf, merge=0, shortest=0)
    return event


@dataclass(frozen=True, slots=True, eq=False)
class Discovery:
    """What was found in a pile of video.

    Args:
        moments: the most anomalous first.
        timelines: of the pile's videos, in their order; without threshold and events, as nothing is known to be normal.
        more: the videos that were learnt from, but not searched.
        observations: how many were learnt from.
    """

    moments: tuple[Moment, ...]
    timelines: tuple[Timeline, ...]
    more: tuple[VideoId, ...]
    observations: int

    def timeline(self, video: VideoId) -> Timeline:
        """That of the pile's video of this name."""
        return next(timeline for timeline in self.timelines if timeline.info.id == video)


def discover(
    videos: Sources,
    detector: Detector | str = "lbr-spr-small",
    run: Run = Run(),
    *,
    more: Sources = (),
    moments: int = 20,
    spacing: Spacing = Spacing(),
    cache: ObservationCache | str | Path | None = None,
    fps: Rate | None = None,
    failed: Failed | None = None,
) -> Discovery:
    """Fit a detector on unlabelled videos, and rank the most anomalous moments in them.

    With `more`, the setting that papers call "merge", else "test". Nothing is held out, and there is no threshold.
    A one-class model takes all that it learns from for normal. Where it can forget, each video is compared with the
    others alone; what happens in several of them does not stand out then.

    Args:
        videos: the pile.
        detector: fitted in place; a preset's name for a new one.
        run: where and how to run.
        more: videos to learn from as well; those of the pile are left out, and namesakes get another name.
        moments: how many to rank, at most.
        spacing: what is one moment, and what are two.
        cache, fps: as in `Detector.fit`.
        failed: called with each video that cannot be observed and its error, and the others go on; None = it is raised.

    Raises:
        SettingsError: the model needs labels, or a value is out of range.
        FitError: nothing moves in the pile, or there is too little to learn from.
        EmptyVideo: not one video is left.
        VideoError, SpecError, StoreError: as in `Detector.fit`.
    """
    made = Detector(detector) if isinstance(detector, str) else detector
    _check(made, moments)
    pile = videos_of(videos, fps)
    beside = _beside(pile, [] if _nothing(more) else videos_of(more, fps))
    watching = Watching(made.observer, made.mask, made.health)
    with nullcontext(cache) if isinstance(cache, ObservationCache) else ObservationCache(cache) as opened:
        source = observed([*pile, *beside], watching, opened, run, failed=failed)
        searched = [info.id for info in source.videos() if info.id in {video.id for video in pile}]
        _check_seen(source, searched)
        made.fit(source, run, holdout=0)
        timelines = tuple(_scored(made, source, searched, run))
    others = tuple(info.id for info in source.videos() if info.id not in searched)
    return Discovery(ranked(timelines, moments, spacing), timelines, others, len(source))


def _check(detector: Detector, moments: int) -> None:
    """What can be checked before hours of observing."""
    if moments < 1:
        raise SettingsError(f"moments {moments}: ask for at least 1")
    if detector.model.regime is Regime.WEAK:
        raise SettingsError(
            f"model {detector.model.name!r} learns from labels, and a pile has none; take one that needs none"
            " (--detector lbr-spr-small), or fit it on labelled video"
        )
    detector.model.check(detector.observer.spec)


def _nothing(sources: Sources) -> bool:
    return isinstance(sources, list | tuple) and not sources


def _beside(pile: Sequence[Video], more: Sequence[Video]) -> list[Video]:
    """The videos of `more` that are not in the pile, under names of their own."""
    files, names = {video.source for video in pile if Path(video.source).exists()}, {video.id for video in pile}
    found = []
    for video in more:
        if video in pile or video.source in files:
            continue
        name = video.info.id
        while name in names:
            name = f"more/{name}"
        names.add(name)
        found.append(video if name == video.info.id else video.named(name))
    return found


def _check_seen(source: CachedSource, searched: Sequence[VideoId]) -> None:
    if not searched:
        raise EmptyVideo("no video of the pile can be searched; name some that can be read")
    pile = _part(source, searched)
    if not len(pile):
        raise FitError(why_nothing(pile, REMEDY))


def _scored(detector: Detector, source: CachedSource, videos: Sequence[VideoId], run: Run) -> Iterator[Timeline]:
    """Each video as the detector sees it; a model that would find it in its memory is asked without it."""
    for video in videos:
        own, model = _part(source, [video]), detector.model
        if not isinstance(model, Updatable):
            yield from detector.score_source(own, run)
            continue
        if len(own) == len(source):
            raise FitError(
                f"model {model.name!r} compares each video with the others, and nothing is seen in any but {video!r};"
                " add videos, or take a model that needs none (--detector lbr-spr-small)"
            )
        model.forget(video)
        try:
            yield from detector.score_source(own, run)
        finally:
            model.absorb(own, run)


def _part(source: CachedSource, videos: Sequence[VideoId]) -> SourcePart:
    """Whole videos of a source."""
    return SourcePart(source, {video: np.arange(len(source.rows(video))) for video in videos})
