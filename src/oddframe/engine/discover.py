"""Discovery: the oddest moments of a pile of video of which nobody has said what is normal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from oddframe.engine.cache import ObservationCache
from oddframe.engine.detector import Detector
from oddframe.engine.fit import observed, why_nothing
from oddframe.engine.observe import Watching
from oddframe.engine.ranking import Moment, Spacing, ranked
from oddframe.engine.source import CachedSource, SourcePart
from oddframe.errors import EmptyVideo, FitError, OddframeError, SettingsError
from oddframe.models.base import Regime
from oddframe.models.updatable import Updatable
from oddframe.types import Run, Timeline, VideoId
from oddframe.video.base import Video
from oddframe.video.find import Sources, find_videos
from oddframe.video.rates import Rate

REMEDY = (
    "give longer video, or, if something does move in this one, have the foreground look for less"
    " (--set observer.foreground=motion --set observer.foreground.displacement=0.3) or look at whole frames"
    " (--detector knn-snippet)"
)

Failed: TypeAlias = Callable[[Video, OddframeError], object]


@dataclass(frozen=True, slots=True, eq=False)
class Discovery:
    """What was found in a pile of video.

    Args:
        moments: the oddest first.
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
    """Fit a detector on videos without any labels, and rank the moments that it finds oddest in them.

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
        failed: is told of each opened video that cannot be watched or read, and the others go on; None raises.

    Raises:
        SettingsError: the model needs labels, or a value is out of range.
        FitError: nothing moves in the pile, or there is too little to learn from.
        EmptyVideo: not one video is left.
        VideoError, SpecError, StoreError: as in `Detector.fit`.
    """
    made = Detector(detector) if isinstance(detector, str) else detector
    _check(made, moments)
    pile = find_videos(videos, fps=fps)
    beside = _beside(pile, [] if _nothing(more) else find_videos(more, fps=fps))
    watching = Watching(made.observer, made.mask, made.health)
    with nullcontext(cache) if isinstance(cache, ObservationCache) else ObservationCache(cache) as opened:
        source = observed([*pile, *beside], watching, opened, run, failed=failed)
        searched = [info.id for info in source.videos() if info.id in {video.info.id for video in pile}]
        _check_seen(source, searched)
        made.fit(source, run, holdout=0)
        timelines = tuple(_scored(made, source, searched, run))
    others = tuple(info.id for info in source.videos() if info.id not in searched)
    return Discovery(ranked(timelines, moments, spacing), timelines, others, len(source))


def _check(detector: Detector, moments: int) -> None:
    """What can be told before hours of observing."""
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
    files, names = {video.source for video in pile if Path(video.source).exists()}, {video.info.id for video in pile}
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
