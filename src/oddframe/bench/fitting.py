"""Fit the detectors of a bench, or load what an earlier run fitted on the same video."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from oddframe.bench.contestant import Contestant
from oddframe.bench.scored import REMEDY
from oddframe.cache.cache import ObservationCache
from oddframe.datasets.base import LabelledVideo
from oddframe.engine.detector import Detector
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed, video_key
from oddframe.errors import StoreError
from oddframe.files import UNREADABLE, read_json, replace_durably, storing
from oddframe.models.base import Regime
from oddframe.types import Configured, Json, Run, VideoId
from oddframe.version import __version__
from oddframe.video import Video


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A fitted detector.

    Args:
        detector: the detector itself.
        key: of everything that its scores depend on, except the scored video.
        seconds: the time that fitting took, without observing; None where it was fitted elsewhere.
    """

    detector: Detector
    key: str
    seconds: float | None


def fitted(
    one: Contestant,
    training: Sequence[LabelledVideo],
    folder: Path,
    cache: ObservationCache,
    *,
    seed: int,
    run: Run = Run(),
) -> Ready:
    """Fit and store a contestant, or load it where it is stored already.

    Labels of whole videos are used for weak supervision only.

    Args:
        one: the contestant.
        training: the videos to fit on.
        folder: where fitted detectors are stored.
        cache: of observations.
        seed: of the hold-out.
        run: how to run.

    Raises:
        SettingsError: its observer does not take these videos.
        VideoError: a video cannot be read.
        FitError: there is nothing to learn from.
        StoreError: the folder or the cache cannot be written.
    """
    if one.saved:
        return Ready(one.detector, _key("saved", one.detector.info()), None)
    videos = [video.video for video in training]
    labels = _labels(one, training)
    key = _key(__version__, parts_of(one.detector), _contents(one, videos), seed, *([labels] if labels else []))
    place, note = folder / f"{one.slug}.oddframe", folder / f"{one.slug}.json"
    with suppress(StoreError, *UNREADABLE):  # what cannot be read is made again
        known = read_json(note)
        if known["key"] == key:
            return Ready(Detector.load(place), key, float(known["fit_seconds"]))
    source = observed(videos, watching(one.detector), cache, run)
    began = perf_counter()
    fit = partial(one.detector.fit, source, run.below(one.slug), labels=labels, seed=seed)
    # Without labels nothing that was held out would be known as normal, and the paper's figures learn from all of it.
    fit(holdout=0.0) if one.detector.model.regime is Regime.UNSUPERVISED else fit()
    seconds = perf_counter() - began
    with storing(folder, REMEDY):
        note.unlink(missing_ok=True)  # it must not vouch for a detector that is being replaced
    one.detector.save(place)
    with storing(folder, REMEDY):
        replace_durably(note, json.dumps({"key": key, "fit_seconds": seconds}).encode())
    return Ready(one.detector, key, seconds)


def parts_of(detector: Detector) -> dict[str, Json]:
    """Return the identities of a detector's observer, model and scoring, as JSON values."""
    parts: dict[str, Configured] = {"observer": detector.observer, "model": detector.model, "scoring": detector.scoring}
    return {name: part.identity() for name, part in parts.items()}


def watching(detector: Detector) -> Watching:
    """Return how a detector watches benchmark video: without the camera views that it was fitted on.

    For a test scene may differ from those of the training videos; and then all detectors share observations.
    """
    return Watching(detector.observer, detector.mask, detector.health)


def content(video: Video, detector: Detector) -> str:
    """Return a key of what the detector sees in the video; a new one each time where the content has no digest."""
    return video_key(video, watching(detector)) or uuid4().hex


def _labels(one: Contestant, training: Sequence[LabelledVideo]) -> dict[VideoId, bool] | None:
    if one.detector.model.regime is not Regime.WEAK:
        return None
    return {video.video.info.id: video.label for video in training if video.label is not None}


def _contents(one: Contestant, training: Sequence[Video]) -> list[str]:
    for video in training:  # all of them, before hours of hashing and observing
        watching(one.detector).admit(video)
    return [content(video, one.detector) for video in training]


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]
