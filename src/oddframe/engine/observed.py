"""What a detector is given, as a source of observations: videos that it watches, or what was observed elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from oddframe.cache.cache import ObservationCache, cache_key
from oddframe.cache.entry import Entry, EntryWriter
from oddframe.engine.fitted import Fitted
from oddframe.engine.observe import ReasonRuns, Watching, judge_health, observe_into
from oddframe.engine.sources import CachedSource
from oddframe.engine.usable import Saying, common_levels, usable_videos
from oddframe.engine.workers import Entering, observe_apart
from oddframe.errors import DamagedVideo, OddframeError, OddframeWarning, SettingsError, SkippedVideo, VideoError
from oddframe.models.source import ObservationSource
from oddframe.types import Json, Run, Spec
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources

CacheLike: TypeAlias = ObservationCache | str | Path | None
"""Where observations are stored: a cache, or a folder; None = the user's cache folder."""


def opened_cache(cache: CacheLike) -> AbstractContextManager[ObservationCache]:
    """The cache, which is closed at the end unless it was given open."""
    return nullcontext(cache) if isinstance(cache, ObservationCache) else ObservationCache(cache)


@contextmanager
def source_of(
    videos: Sources | ObservationSource,
    watching: Watching,
    fitted: Fitted | None,
    run: Run,
    *,
    cache: CacheLike,
    fps: Rate | None,
    strict: bool = False,
) -> Iterator[ObservationSource]:
    """The source, while it is needed; videos that cannot be read are left out with a warning, unless `strict`.

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
    found = usable_videos(videos, fps, strict=strict)
    skip = None if strict or len(found) == 1 else _skip
    with opened_cache(cache) as opened:
        source = observed(found, watching, opened, run, failed=skip)
        if not source.videos():
            raise VideoError(f"none of the {len(found)} videos can be read to its end; the warnings say why")
        yield source


def _skip(_: Video, error: OddframeError) -> None:
    if not isinstance(error, VideoError):
        raise error
    warnings.warn(SkippedVideo(f"{error}; left out"), stacklevel=4)


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
        failed: called with each video that cannot be observed and its error; None = the error is raised.

    Raises:
        VideoError: a video cannot be read.
        SettingsError: the observer cannot watch at a video's frame rate, or the mask has another shape.
        StoreError: the cache cannot be written.
        WorkerDied: of several workers, one ended without a word.
    """
    windows, keys, saying = {}, {}, Saying()
    for video in videos:  # all of them, before hours of observing
        with _telling(video, failed):
            windows[video] = watching.admit(video)
    watching = replace(watching, levels=common_levels(windows, watching.levels))
    for video in windows:
        saying.of(video, watching.levels)
    for video in windows:
        with _telling(video, failed):
            keys[video] = video_key(video, watching)
    if run.workers > 1:
        with _flaws_later():
            _observe_missing(keys, watching, cache, run, patient=failed is not None, entered=_entry)
    items = []
    for video, key in keys.items():
        info = video.info
        with _telling(video, failed):
            items.append((info, windows[video], _entry(video, key, watching, cache, run)))
    return CachedSource(watching.observer.spec, items, watching.levels)


@contextmanager
def _telling(video: Video, failed: Callable[[Video, OddframeError], object] | None) -> Iterator[None]:
    try:
        yield
    except (VideoError, SettingsError) as error:
        if failed is None:
            raise
        failed(video, error)


def observed_once(video: Video, watching: Watching, cache: ObservationCache, run: Run = Run()) -> CachedSource | None:
    """Observations of one video that is to be scored, from the cache where it has been seen before.

    They are stored under the key that fitting uses, so a video is observed once for all detectors that watch alike.
    Which frames are scorable depends on the views that a detector knows; that is stored apart.

    Args:
        video, watching, cache, run: as in `observed`.

    Returns:
        A source of this video; None where its observations are too large to store, or its content passes only once.

    Raises:
        VideoError, SettingsError, StoreError: as `observed`.
    """
    window, key = watching.admit(video), video_key(video, watching)
    spec = watching.observer.spec
    if key is None or not (cache.holds(key) or _worth_storing(video, spec, cache)):
        return None
    return CachedSource(spec, [(video.info, window, _judged(video, key, watching, cache, run))])


def _judged(video: Video, key: str, watching: Watching, cache: ObservationCache, run: Run) -> Entry:
    """The entry of a video that is to be scored."""
    if not watching.views or video.medium != "pictures":
        return _entry(video, key, watching, cache, run)
    return _Judging(video, key, watching, cache, run).entry()


class _Judging:
    """Finds or makes two entries of one video in one pass over it: its observations, and its camera by known views."""

    def __init__(self, video: Video, key: str, watching: Watching, cache: ObservationCache, run: Run) -> None:
        self._video, self._key, self._watching, self._cache, self._run = video, key, watching, cache, run
        self._runs: ReasonRuns | None = None
        self._flaws = _Flaws(key, cache)

    def entry(self) -> Entry:
        """The observations, with the stretches that are not scorable by the known views."""
        seen = self._cache.entry(self._key, self._watching.observer.spec, self._observe)
        views: list[Json] = [view.to_json() for view in self._watching.views]
        judged = self._cache.entry(cache_key("health", self._key, views), Spec({}), self._judge)
        self._flaws.settle()
        return replace(seen, reasons=judged.reasons)

    def _observe(self, writer: EntryWriter) -> None:
        with self._flaws.noting():
            plain = replace(self._watching, views=())
            self._runs = observe_into(writer, self._video, plain, self._run, self._watching.views)

    def _judge(self, writer: EntryWriter) -> None:
        if self._runs is None:
            with self._flaws.noting():
                self._runs = judge_health(self._video, self._watching, self._run)
        writer.close(self._runs.frames, self._runs.runs)


class _Flaws:
    """Stores what is wrong with a video beside its observations, and says it again where these are cached.

    So a damaged video is never fitted on or scored without a warning.
    """

    def __init__(self, key: str, cache: ObservationCache) -> None:
        self._key, self._cache = cache_key("flaws", key), cache
        self._found: list[str] = []
        self._read = False

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what is said of the file while it is read, and say it."""
        self._read = True
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", OddframeWarning)
            yield
        for one in caught:
            if issubclass(one.category, DamagedVideo):
                self._found.append(str(one.message))
            warnings.warn(one.message, one.category, stacklevel=4)

    def settle(self) -> None:
        """Store what was noted; where nothing was read, say what is stored."""
        if self._read and self._found:
            self._cache.entry(self._key, Spec({}), lambda writer: writer.close(0, (), list(self._found)))
        elif not self._read and self._cache.holds(self._key):
            stored = self._cache.entry(self._key, Spec({}), lambda writer: writer.close(0, (), [])).view
            for text in stored if isinstance(stored, list) else []:
                warnings.warn(DamagedVideo(str(text)), stacklevel=3)


@contextmanager
def _flaws_later() -> Iterator[None]:
    """Say nothing of damaged files now: it is said where their entries are opened."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideo)
        yield


@contextmanager
def observed_ahead(
    videos: Sequence[Video], watching: Watching, cache: CacheLike, run: Run = Run()
) -> Iterator[CacheLike]:
    """The cache, in which several workers have put what is seen in videos that are to be scored.

    With one worker nothing is done: each video is observed when its turn comes. So is one that cannot be stored.

    Args:
        videos, watching, run: as in `observed`.
        cache: where entries go.

    Raises:
        StoreError: with several workers, the cache cannot be written.
        WorkerDied: a worker ended without a word.
    """
    if run.workers == 1 or len(videos) < 2:
        yield cache
        return
    with opened_cache(cache) as opened:
        keys: dict[Video, str | None] = {}
        for video in videos:
            with suppress(VideoError, SettingsError):  # raised again when it is scored
                watching.admit(video)
                if _worth_storing(video, watching.observer.spec, opened):
                    keys[video] = video_key(video, watching)
        with _flaws_later():
            _observe_missing(keys, watching, opened, run, patient=True, entered=_judged)
        yield opened


def _worth_storing(video: Video, spec: Spec, cache: ObservationCache) -> bool:
    """Whether a video to be scored would leave room for others: at one observation a frame, a tenth of the cache."""
    a_frame = sum(field.row_bytes // (field.shape[0] if field.slide else 1) for field in spec.fields.values())
    return video.hint is not None and video.hint * a_frame <= cache.limit // 10


def _entry(video: Video, key: str | None, watching: Watching, cache: ObservationCache, run: Run) -> Entry:
    observe = partial(observe_into, video=video, watching=watching, run=run)
    if key is None:
        return cache.entry(None, watching.observer.spec, observe)
    flaws = _Flaws(key, cache)

    def noted(writer: EntryWriter) -> None:
        with flaws.noting():
            observe(writer)

    entry = cache.entry(key, watching.observer.spec, noted)
    flaws.settle()
    return entry


def _observe_missing(
    keys: Mapping[Video, str | None],
    watching: Watching,
    cache: ObservationCache,
    run: Run,
    *,
    patient: bool,
    entered: Entering,
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
    observe_apart(
        tasks,
        watching,
        cache,
        run,
        lambda n: entered(*tasks[n], watching, cache, run),
        entered=entered,
        patient=patient,
    )


def video_key(video: Video, watching: Watching) -> str | None:
    """The cache key of a video's observations; None where its content passes only once."""
    digest = video.digest()
    if digest is None:
        return None
    mask = None if watching.mask is None else watching.mask.identity()
    levels = watching.sees(video).levels
    shown = [] if levels is None else [levels.to_json()]
    parts = watching.observer.identity(), mask, watching.health.identity()
    return cache_key(digest, str(video.info.fps), *parts, *shown)
