"""What a detector is given, as a source of observations: videos that it watches, or what was observed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TypeAlias

from oddframe.cache.cache import ObservationCache, cache_key
from oddframe.cache.entry import Entry
from oddframe.engine.fitted import Fitted
from oddframe.engine.observe import Watching, observe_into
from oddframe.engine.sources import CachedSource
from oddframe.engine.workers import observe_apart
from oddframe.errors import OddframeError, SettingsError, VideoError
from oddframe.models.source import ObservationSource
from oddframe.types import Run
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources, find_videos

CacheLike: TypeAlias = ObservationCache | str | Path | None
"""Where observations are kept; a folder, by default the user's cache folder."""


@contextmanager
def source_of(
    videos: Sources | ObservationSource,
    watching: Watching,
    fitted: Fitted | None,
    run: Run,
    *,
    cache: CacheLike,
    fps: Rate | None,
) -> Iterator[ObservationSource]:
    """The source, while it is needed.

    Raises:
        SpecError: it has not what the detector was fitted on.
        VideoError, SettingsError, StoreError, WorkerDied: as `observed` does.
    """
    if isinstance(videos, ObservationSource):
        if fitted is not None:
            fitted.check_source(videos)
        yield videos
        return
    if fitted is not None:
        fitted.check_observer(watching.observer)
    found = find_videos(videos, fps=fps)
    with nullcontext(cache) if isinstance(cache, ObservationCache) else ObservationCache(cache) as opened:
        yield observed(found, watching, opened, run)


def observed(
    videos: Sequence[Video],
    watching: Watching,
    cache: ObservationCache,
    run: Run = Run(),
    *,
    failed: Callable[[Video, OddframeError], object] | None = None,
) -> CachedSource:
    """Everything that is seen in the videos, from the cache where it has been seen before.

    Args:
        videos: which.
        watching: how.
        cache: where entries go.
        run: where and how to run.
        failed: is told of each video that cannot be watched or read, and the others are given; by default that raises.

    Raises:
        VideoError: a video cannot be read.
        SettingsError: the observer cannot watch at a video's frame rate, or the mask has another shape.
        StoreError: the cache cannot be written.
        WorkerDied: of several workers, one ended without a word.
    """
    windows, keys = {}, {}
    for video in videos:  # all of them, before hours of observing
        with _telling(video, failed):
            windows[video] = watching.admit(video)
    for video in windows:
        with _telling(video, failed):
            keys[video] = video_key(video, watching)
    if run.workers > 1:
        _observe_missing(keys, watching, cache, run, patient=failed is not None)
    items = []
    for video, key in keys.items():
        info = video.info
        with _telling(video, failed):
            items.append((info, windows[video], _entry(video, key, watching, cache, run)))
    return CachedSource(watching.observer.spec, items)


@contextmanager
def _telling(video: Video, failed: Callable[[Video, OddframeError], object] | None) -> Iterator[None]:
    try:
        yield
    except (VideoError, SettingsError) as error:
        if failed is None:
            raise
        failed(video, error)


def _entry(video: Video, key: str | None, watching: Watching, cache: ObservationCache, run: Run) -> Entry:
    return cache.entry(key, watching.observer.spec, partial(observe_into, video=video, watching=watching, run=run))


def _observe_missing(
    keys: Mapping[Video, str | None], watching: Watching, cache: ObservationCache, run: Run, *, patient: bool
) -> None:
    """Let workers make the entries that are not there yet; what passes only once stays with us."""
    missing: dict[str, Video] = {}
    for video, key in keys.items():
        if key is not None and not cache.holds(key):
            missing.setdefault(key, video)
    if len(missing) < 2:
        return
    tasks = [(video, key) for key, video in missing.items()]
    # Claimed at once, so that nobody makes room by removing it.
    observe_apart(tasks, watching, cache, run, lambda n: _entry(*tasks[n], watching, cache, run), patient=patient)


def video_key(video: Video, watching: Watching) -> str | None:
    """The cache key of a video's observations; None where its content passes only once."""
    digest = video.digest()
    if digest is None:
        return None
    mask = None if watching.mask is None else watching.mask.identity()
    return cache_key(digest, str(video.info.fps), watching.observer.identity(), mask, watching.health.identity())
