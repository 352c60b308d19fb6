"""Fitting: train on most of the normal video, calibrate on the rest, then absorb that too."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from oddframe.engine.cache import ObservationCache, cache_key
from oddframe.engine.entry import Entry
from oddframe.engine.holdout import HoldOut, each_held_out, hold_out
from oddframe.engine.observe import Watching, observe_into
from oddframe.engine.score import Judged, judge_source
from oddframe.engine.source import CachedSource, frames_of, reasons_of, window_of
from oddframe.engine.workers import observe_apart
from oddframe.errors import FitError, OddframeError, OddframeWarning, SettingsError, VideoError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, Scoring, as_codes, map_level
from oddframe.types import Run
from oddframe.video.base import Video


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


def fit_model(
    model: Model,
    source: ObservationSource,
    scoring: Scoring,
    run: Run = Run(),
    *,
    holdout: float = 0.2,
    seed: int = 0,
    folds: int = 1,
) -> Calibration:
    """Fit a model in place, and say what its scores mean.

    Args:
        model: any state it has is forgotten.
        source: normal video.
        scoring: how frame scores are made.
        run: where and how to run.
        holdout: the share of video to calibrate on; 0 = none, so no threshold.
        seed: chooses which videos that is.
        folds: with 2 or more, all video is held out in turn, by as many trainings, and `holdout` does not count.

    Raises:
        SpecError: the model cannot take such observations.
        FitError: there is nothing to learn from.
        SettingsError: there are fewer normal videos than folds.
    """
    model.check(source.spec)
    if not len(source):
        raise FitError(why_nothing(source))
    if folds > 1:
        return _warned(_cross_calibrated(model, source, scoring, run, each_held_out(source, folds, seed)))
    parts = hold_out(source, holdout, seed)
    if not len(parts.trained) or not len(parts.held):
        return _without_threshold(model, source, scoring, run, asked=holdout > 0)
    model.train(parts.trained, run).absorb(parts.trained, run)
    calibration = _calibrated(model, parts, scoring, run)
    model.absorb(parts.rest, run)
    return _warned(calibration)


def _cross_calibrated(
    model: Model, source: ObservationSource, scoring: Scoring, run: Run, folds: Sequence[HoldOut]
) -> Calibration:
    """Train once without each fold, to score it, and then on everything."""
    judged, brief = [], replace(run, checkpoints=None, log=None)  # which belong to one training, the last
    for parts in folds:
        model.train(parts.trained, brief).absorb(parts.trained, brief)
        judged += [judge_source(parts.held, info, model, run) for info in parts.held.videos()]
    model.train(source, run).absorb(source, run)
    if not any(len(one.scored) for one in judged):
        raise FitError(why_nothing(source))
    return calibrate(model, judged, scoring)


def _warned(calibration: Calibration) -> Calibration:
    if calibration.doubt is not None:
        _warn(f"{calibration.doubt}; fit on more video")
    return calibration


def held_out_calibration(
    model: Model, source: ObservationSource, scoring: Scoring, run: Run = Run(), *, holdout: float, seed: int
) -> Calibration | None:
    """Absorb all of a source into a fitted model, a share of it only once it has said how high normal scores are.

    Returns:
        What that share says; None where there is too little of it for the alarm rate, or none was asked for.

    Raises:
        SpecError: the model cannot take such observations.
        FitError: there is nothing to learn from.
    """
    model.check(source.spec)
    if not len(source):
        raise FitError(why_nothing(source))
    parts = hold_out(source, holdout, seed)
    if not len(parts.trained) or not len(parts.held):
        model.absorb(source, run)
        return None
    model.absorb(parts.trained, run)
    calibration = _calibrated(model, parts, scoring, run)
    model.absorb(parts.rest, run)
    return calibration if calibration.enough else None


def _calibrated(model: Model, parts: HoldOut, scoring: Scoring, run: Run) -> Calibration:
    judged = [judge_source(parts.held, info, model, run) for info in parts.held.videos()]
    return calibrate(model, judged, scoring)


def calibrate(model: Model, judged: Sequence[Judged], scoring: Scoring) -> Calibration:
    """What normal video that the model has not seen says about its scores; at least one observation is needed."""
    floor = min(float(one.scored.score.min()) for one in judged if len(one.scored))
    timelines = [one.timeline(scoring, floor, None) for one in judged]
    return Calibration.measure(timelines, floor, scoring, map_level=_map_level(judged), ceiling=model.ceiling)


def _without_threshold(
    model: Model, source: ObservationSource, scoring: Scoring, run: Run, *, asked: bool
) -> Calibration:
    if asked:
        _warn(
            "too little normal video to hold some back, so there is no threshold and there are no events; fit on more"
        )
    model.train(source, run).absorb(source, run)
    judged = [judge_source(source, info, model, run) for info in source.videos()]
    floor, level = float(np.concatenate([one.scored.score for one in judged]).min()), _map_level(judged)
    return Calibration.measure([], floor, scoring, map_level=level)


def _map_level(judged: Sequence[Judged]) -> float | None:
    return map_level([one.peaks for one in judged if one.peaks is not None])


def why_nothing(source: ObservationSource, remedy: str = "give video in which normal things happen") -> str:
    """Why there is not one observation, told of the videos as a whole, and what to do about it."""
    words: Counter[str] = Counter()
    for info in source.videos():
        frames, window = frames_of(info, source), window_of(source, info.id)
        if frames < window.extent:
            words[f"in video shorter than the {window.extent} frames that one observation needs"] += frames
            continue
        code, names = as_codes(reasons_of(source, info.id), frames)
        for number, count in zip(*np.unique(code, return_counts=True), strict=True):
            words[f"not scorable ({names[number]})" if number else "without anything to observe"] += int(count)
    if not words:
        return "there is no video to fit on; name some"
    told = ", ".join(f"{count} frames {word}" for word, count in words.most_common())
    return f"nothing to learn from in {_named(source)}: {told}; {remedy}"


def _named(source: ObservationSource) -> str:
    names = [info.id for info in source.videos()]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _warn(text: str) -> None:
    warnings.warn(text, OddframeWarning, stacklevel=5)
