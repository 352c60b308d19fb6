"""Scored observations and timelines of one video, from its frames or from a source."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from oddframe.engine.observe import ReasonRuns, Seen, Sieve, Watching, WatchStream, watch
from oddframe.engine.observed import CacheLike, observed_once, opened_cache
from oddframe.engine.sources import counted, reasons_of, window_of
from oddframe.errors import OddframeWarning, StoreError
from oddframe.models.base import Model, ScoringStream
from oddframe.models.source import CHUNK_BYTES, ObservationSource
from oddframe.scoring import Calibration, MapUse, Reasons, Scoring, make_timeline, map_peaks
from oddframe.types import FloatArray, Observations, Progress, Run, Scored, Timeline, VideoInfo, Window
from oddframe.video.base import Video

Failed: TypeAlias = Callable[[Video, Exception], object]
"""Is called with each video that fails and its error, and the others go on."""

BATCH = 1024
"""Observations per push to the model, fewer where they are wide; scores do not depend on it, time does."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All that frame scores are made from.

    Args:
        info: the video, counted.
        window: what one observation needed.
        scored: its observations, scored.
        reasons: its unscorable frames.
        peaks: (N,) of each observation's map, see `map_peaks`; None where the model gives none, or none were stored.
    """

    info: VideoInfo
    window: Window
    scored: Scored
    reasons: Reasons
    peaks: FloatArray | None = None

    def timeline(self, scoring: Scoring, floor: float, threshold: float | None) -> Timeline:
        """The frames' scores, and the events above the threshold."""
        return make_timeline(
            self.scored, self.info, self.window, scoring, floor=floor, threshold=threshold, reasons=self.reasons
        )

    def calibrated(self, scoring: Scoring, known: Calibration) -> Timeline:
        """The frames' scores with their p-values, and the events."""
        return make_timeline(
            self.scored,
            self.info,
            self.window,
            scoring,
            floor=known.floor,
            threshold=known.threshold,
            low=known.low,
            normal=known.normal,
            reasons=self.reasons,
        )


def judge_video(video: Video, watching: Watching, model: Model, run: Run = Run(), *, maps: MapUse = MapUse()) -> Judged:
    """Watch a video and score what is seen, in one pass; `maps` says what becomes of the model's maps.

    Raises:
        EmptyVideo: there is not one frame.
        SettingsError: the observer cannot watch at this frame rate, or the mask has another shape.
        NotFitted: the model is not fitted.
    """
    window = watching.admit(video)
    health, starts = ReasonRuns(), [0]
    stream = WatchStream(watching, video.info, run)
    sieve = Sieve(window, video.info.fps) if video.medium == "pictures" else None
    seen = _sieved(_noting(watch(video, stream, run), starts), sieve, health)
    scoring = PartsScoring(lambda: model.open(video.info, run), starts)
    scored, peaks = _drain(seen, scoring, video.info, maps)
    return Judged(video.info.counted(health.frames, video.info.times), window, scored, health.runs, peaks)


def _noting(seen: Iterable[Seen], starts: list[int]) -> Iterator[Seen]:
    """The same, with the first frame of each part of the video added to `starts` as it comes."""
    frames = 0
    for one in seen:
        if one.time is not None:
            if one.part >= len(starts):
                starts.append(frames)
            frames += 1
        yield one


class PartsScoring(ScoringStream):
    """Scores each part of a video by a stream of its own: no state is carried over a hole in the recording.

    Args:
        opened: opens a stream for one part.
        starts: the first frame of each part, as far as they have come; the first is 0.
    """

    def __init__(self, opened: Callable[[], ScoringStream], starts: Sequence[int]) -> None:
        self._opened, self._starts = opened, starts
        self._stream, self._part = opened(), 0

    def push(self, observations: Observations) -> Scored:
        found = []
        while self._part + 1 < len(self._starts) and observations.through >= self._starts[self._part + 1]:
            start = self._starts[self._part + 1]
            rows = int(np.searchsorted(observations.frame, start))
            found += [self._stream.push(replace(observations.select(slice(0, rows)), through=start))]
            found += [self._stream.close()]
            observations = observations.select(slice(rows, None))
            self._stream, self._part = self._opened(), self._part + 1
        return Scored.concatenate([*found, self._stream.push(observations)])

    def close(self) -> Scored:
        return self._stream.close()


def judge_cached(
    video: Video,
    watching: Watching,
    model: Model,
    cache: CacheLike,
    run: Run = Run(),
    *,
    maps: MapUse = MapUse(),
) -> Judged:
    """Score a video by its cached observations, which are made where nobody has; arguments and errors as `judge_video`.

    Args:
        cache: where observations are stored; None = the default cache. Where that cannot be written the video is
            watched all the same, with a warning.
    """
    try:
        with opened_cache(cache) as opened:
            source = observed_once(video, watching, opened, run)
            if source is not None:
                (info,) = source.videos()
                return judge_source(source, info, model, run, maps=maps)
    except StoreError as error:
        if cache is not None:
            raise
        warnings.warn(f"{error}; scored without a cache", OddframeWarning, stacklevel=3)
    return judge_video(video, watching, model, run, maps=maps)


def judge_source(
    source: ObservationSource, info: VideoInfo, model: Model, run: Run = Run(), *, maps: MapUse = MapUse()
) -> Judged:
    """Score one video of a source; `maps` and errors as in `judge_video`."""
    whole = counted(info, source)
    scoring = PartsScoring(lambda: model.open(whole, run), whole.frame_times().starts)
    return judge_with(scoring, source, whole, run, maps=maps)


def judge_with(
    stream: ScoringStream, source: ObservationSource, info: VideoInfo, run: Run = Run(), *, maps: MapUse = MapUse()
) -> Judged:
    """Score one video of a source by a stream that was opened for it, and close the stream."""
    scored, peaks = _drain(_telling(source, info, run), stream, info, maps)
    return Judged(counted(info, source), window_of(source, info.id), scored, reasons_of(source, info.id), peaks)


def _telling(source: ObservationSource, info: VideoInfo, run: Run) -> Iterator[Observations]:
    """The observations of a video; says how many the model has been given."""
    done, total = 0, len(source.rows(info.id))
    for some in source.chunks(info.id):
        yield some
        done += len(some)
        run.progress(Progress(f"scoring {info.id}", done, total, "observations"))


def _sieved(seen: Iterable[Seen], sieve: Sieve | None, health: ReasonRuns) -> Iterator[Observations]:
    """Without pictures every frame is scorable, and there is nothing to sieve: that would take most of the time."""
    for one in seen:
        health.extend(one.health)
        yield one.observations if sieve is None else sieve.push(one)


def _drain(
    observations: Iterable[Observations], stream: ScoringStream, info: VideoInfo, maps: MapUse
) -> tuple[Scored, FloatArray | None]:
    """All that a stream says, and the peaks of its maps, which themselves go before they fill the memory."""
    pieces, peaks = [], []
    for scored in _pieces(observations, stream):
        pieces.append(maps.of(scored, info))
        peaks.append(map_peaks(scored))
    known = [some for some in peaks if some is not None]
    return Scored.concatenate(pieces), np.concatenate(known) if len(known) == len(peaks) else None


def _pieces(observations: Iterable[Observations], stream: ScoringStream) -> Iterator[Scored]:
    for batch in _batches(observations):
        yield stream.push(batch)
    yield stream.close()


def _batches(observations: Iterable[Observations]) -> Iterator[Observations]:
    waiting: list[Observations] = []
    rows = held = 0
    for some in observations:
        if len(some) or not waiting:
            waiting.append(some)
        elif some.through != waiting[-1].through:
            waiting[-1] = replace(waiting[-1], through=some.through)
        rows += len(some)
        held += sum(tensor.nbytes for tensor in some.data.values())
        if rows >= BATCH or held >= CHUNK_BYTES:
            yield Observations.concatenate(waiting)
            waiting, rows, held = [], 0, 0
    if waiting:
        yield Observations.concatenate(waiting)
