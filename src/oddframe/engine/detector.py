"""The detector: what is fitted, saved, loaded and run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from oddframe import __version__, catalog
from oddframe.engine import saved
from oddframe.engine.cache import ObservationCache
from oddframe.engine.facts import Fitted, FittedOn
from oddframe.engine.fit import fit_model, observed
from oddframe.engine.holdout import check_share
from oddframe.engine.observe import Watching
from oddframe.engine.score import Judged, judge_source, judge_video
from oddframe.engine.source import CachedSource
from oddframe.errors import NotFitted, SpecError, VideoError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.observers.base import Observer
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Json, Run, Timeline
from oddframe.video.find import Sources, find_videos
from oddframe.video.health import CameraHealth, View
from oddframe.video.mask import Mask
from oddframe.video.rates import Rate

MOST_VIEWS = 32


class Detector:
    """Finds what does not belong in video. Fitted in place; everything that comes out is a frozen value.

    Args:
        preset: names an observer and a model that go together (`oddframe.catalog.PRESETS`).
        observer, model: replace the preset's; an object, or a name for one with default settings.
        scoring: how scores of observations become scores of frames, a threshold and events.
        mask: what not to look at.
        health: what judges the camera; frames that it rejects are not scorable.

    Raises:
        SettingsError: an unknown name, or settings that do not fit.
    """

    def __init__(
        self,
        preset: str = "default",
        *,
        observer: Observer | str | None = None,
        model: Model | str | None = None,
        scoring: Scoring | None = None,
        mask: Mask | None = None,
        health: CameraHealth | None = None,
    ) -> None:
        chosen = catalog.preset(preset)
        self.preset = preset
        self.observer = _observer(observer, chosen)
        self.model = _model(model, chosen)
        self.scoring = scoring or Scoring()
        self.mask = mask
        self.health = health or CameraHealth()
        self._fitted: Fitted | None = None

    @property
    def calibration(self) -> Calibration:
        """What the scores mean. Raises `NotFitted`."""
        return self._known().calibration

    @property
    def fitted_on(self) -> FittedOn:
        """When, by what and on what it was fitted. Raises `NotFitted`."""
        return self._known().on

    def fit(
        self,
        videos: Sources | ObservationSource,
        run: Run = Run(),
        *,
        cache: ObservationCache | str | Path | None = None,
        fps: Rate | None = None,
        holdout: float = 0.2,
        seed: int = 0,
    ) -> Self:
        """Learn what is normal, forgetting what was learnt before.

        A share of the video is held out: what the model says of it gives the threshold. Then the model absorbs that
        share too.

        Args:
            videos: normal video: files, folders, patterns, arrays, opened videos; or observations made elsewhere.
            run: where and how to run.
            cache: where observations are kept; a folder, by default the user's cache folder.
            fps: replaces the frame rate that the files state.
            holdout: the share of video held out for the threshold; 0 = no threshold.
            seed: chooses which videos these are.

        Raises:
            SpecError: the model cannot take what the observer gives.
            VideoError: a video cannot be read.
            FitError: there is nothing to learn from.
            StoreError: the cache cannot be written.
            SettingsError: the observer cannot watch at a video's frame rate, the mask has another shape, or `holdout`
                or `seed` is out of range.
        """
        self._fitted = None
        if isinstance(videos, ObservationSource):
            return self._fit(videos, run, holdout, seed)
        check_share(holdout, seed)  # before hours of observing
        self.model.check(self.observer.spec)
        found = find_videos(videos, fps=fps)
        if isinstance(cache, ObservationCache):
            return self._fit(observed(found, self._watching(), cache, run), run, holdout, seed)
        with ObservationCache(cache) as own:
            return self._fit(observed(found, self._watching(), own, run), run, holdout, seed)

    def score(
        self, video: Sources, run: Run = Run(), *, fps: Rate | None = None, scoring: Scoring | None = None
    ) -> Timeline:
        """The timeline of one video.

        Args:
            video: a file, a folder of pictures, an array, an opened video.
            run: where and how to run.
            fps: replaces the frame rate that the file states.
            scoring: another way from observations to frames; its threshold is not known, so there are no events.

        Raises:
            NotFitted: fit or load first.
            VideoError: the video cannot be read, or there are several.
            SpecError: the detector was fitted on observations that its observer does not make.
            SettingsError: the observer cannot watch at the video's frame rate.
        """
        self._known()
        found = find_videos(video, fps=fps)
        if len(found) != 1:
            raise VideoError(f"{video}: holds {len(found)} videos; score one, or use score_each")
        return next(self.score_each(found, run, scoring=scoring))

    def score_each(
        self, videos: Sources, run: Run = Run(), *, fps: Rate | None = None, scoring: Scoring | None = None
    ) -> Iterator[Timeline]:
        """The timelines of many videos, one at a time; arguments and errors as in `score`."""
        fitted = self._known()
        if self.observer.spec != fitted.spec:
            raise SpecError(
                f"fitted on observations {sorted(fitted.spec.fields)}, which observer {self.observer.name!r} does not"
                " give: fit it again, or score a source of such observations"
            )
        found = find_videos(videos, fps=fps)
        watching = self._watching(tuple(View.from_json(view) for view in _objects(fitted.views)))
        return (self._timeline(judge_video(video, watching, self.model, run), scoring) for video in found)

    def score_source(
        self, source: ObservationSource, run: Run = Run(), *, scoring: Scoring | None = None
    ) -> Iterator[Timeline]:
        """The timelines of a source's videos, one at a time.

        Raises:
            NotFitted: fit or load first.
            SpecError: the detector was fitted on other observations.
        """
        fitted = self._known()
        if source.spec != fitted.spec:
            raise SpecError(f"fitted on {sorted(fitted.spec.fields)}, the source has {sorted(source.spec.fields)}")
        return (self._timeline(judge_source(source, info, self.model, run), scoring) for info in source.videos())

    def save(self, folder: str | Path) -> None:
        """Save to a folder, replacing a detector that is there; a kill on the way leaves the old one or the new.

        Raises:
            NotFitted: there is nothing to save.
            StoreError: the folder holds something else, or cannot be written; then nothing has changed.
        """
        parts = saved.Parts(self.preset, self.observer, self.model, self.scoring, self.mask, self.health, self._known())
        saved.save(folder, parts)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The detector that was saved there.

        Raises:
            StoreError: there is none, it is damaged, or a package that it needs is missing.
            NewerFormat: a newer version of oddframe saved it.
        """
        parts = saved.load(folder)
        detector = cls(
            observer=parts.observer, model=parts.model, scoring=parts.scoring, mask=parts.mask, health=parts.health
        )
        detector.preset, detector._fitted = parts.preset, parts.fitted
        return detector

    def info(self) -> dict[str, Json]:
        """Everything that is known of the detector, as JSON values."""
        fitted = None if self._fitted is None else self._fitted.to_json()
        told = {} if fitted is None else {key: fitted[key] for key in ("on", "calibration", "spec")}
        return {
            "oddframe": __version__,
            "preset": self.preset,
            "observer": self.observer.identity(),
            "model": self.model.identity(),
            "scoring": self.scoring.identity(),
            "mask": None if self.mask is None else self.mask.identity(),
            "health": self.health.identity(),
            "fitted": told or None,
        }

    def _fit(self, source: ObservationSource, run: Run, holdout: float, seed: int) -> Self:
        calibration = fit_model(self.model, source, self.scoring, run, holdout=holdout, seed=seed)
        views = _thinned(source.views()) if isinstance(source, CachedSource) else ()
        self._fitted = Fitted(FittedOn.now(source), calibration, source.spec, views)
        return self

    def _timeline(self, judged: Judged, scoring: Scoring | None) -> Timeline:
        calibration = self.calibration
        if scoring is None or scoring == self.scoring:
            return judged.timeline(self.scoring, calibration.floor, calibration.threshold)
        return judged.timeline(scoring, calibration.floor, None)

    def _watching(self, views: tuple[View, ...] = ()) -> Watching:
        return Watching(self.observer, self.mask, self.health, views)

    def _known(self) -> Fitted:
        if self._fitted is None:
            raise NotFitted("the detector is not fitted: call fit with normal video, or load a saved one")
        return self._fitted


def _observer(given: Observer | str | None, preset: catalog.Preset) -> Observer:
    if isinstance(given, str):
        return catalog.build("observer", given)
    return given or catalog.build("observer", preset.observer, preset.observer_settings)


def _model(given: Model | str | None, preset: catalog.Preset) -> Model:
    if isinstance(given, str):
        return catalog.build("model", given)
    return given or catalog.build("model", preset.model, preset.model_settings)


def _thinned(views: tuple[Json, ...]) -> tuple[Json, ...]:
    chosen = np.linspace(0, len(views) - 1, min(len(views), MOST_VIEWS)).round().astype(int)
    return tuple(views[number] for number in chosen)


def _objects(values: tuple[Json, ...]) -> Iterator[Any]:
    yield from values
