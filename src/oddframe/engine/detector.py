"""The detector: what is fitted, saved, loaded and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Self

from oddframe import catalog
from oddframe.engine import saved
from oddframe.engine.calibrate import calibrated_on, recalibrated
from oddframe.engine.configure import model_of, observer_of
from oddframe.engine.correct import Forgotten, Stretch, Taught, absorb, forget, teach
from oddframe.engine.explain import Explained, explain
from oddframe.engine.fit import fit_model
from oddframe.engine.fitted import Fitted, FittedOn, thinned
from oddframe.engine.holdout import check_share
from oddframe.engine.journal import Box
from oddframe.engine.observe import Watching
from oddframe.engine.observed import CacheLike, source_of
from oddframe.engine.score import Judged, judge_source, judge_video
from oddframe.engine.sources import CachedSource, LabelledSource, check_labels, only_video, taught
from oddframe.errors import NotFitted, VideoError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.observers.base import Observer
from oddframe.scoring import Calibration, MapUse, Scoring
from oddframe.types import Json, Run, Timeline
from oddframe.version import __version__
from oddframe.video.base import Rate
from oddframe.video.find import Sources, find_videos
from oddframe.video.health import CameraHealth, View
from oddframe.video.mask import Mask


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
        self.observer = observer_of(observer, chosen)
        self.model = model_of(model, chosen)
        self.scoring = scoring or Scoring()
        self.mask = mask
        self.health = health or CameraHealth()
        self._fitted: Fitted | None = None
        self._stamps: saved.Stamps = {}

    @property
    def calibration(self) -> Calibration:
        """What the scores mean. Raises `NotFitted`."""
        return self._known().calibration

    @property
    def fitted_on(self) -> FittedOn:
        """When, by what and on what it was fitted. Raises `NotFitted`."""
        return self._known().on

    @property
    def stale(self) -> str | None:
        """Why the threshold is older than what the detector knows; None where it is not. Raises `NotFitted`."""
        return self._known().stale

    def fit(
        self,
        videos: Sources | ObservationSource,
        run: Run = Run(),
        *,
        cache: CacheLike = None,
        fps: Rate | None = None,
        labels: Mapping[str, bool] | None = None,
        holdout: float = 0.2,
        seed: int = 0,
        folds: int = 1,
    ) -> Self:
        """Learn what is normal, forgetting what was learnt before.

        A share of the video is held out: what the model says of it gives the threshold. Then it is absorbed, too.

        Args:
            videos: normal video: files, folders, patterns, arrays, opened videos; or observations made elsewhere.
            run: where and how to run.
            cache: where observations are kept; a folder, by default the user's cache folder.
            fps: replaces the frame rate that the files state.
            labels: video -> whether something odd happens in it: needed for weak supervision; others leave it out.
            holdout: the share of (normal) video held out for the threshold; 0 = no threshold.
            seed: chooses which videos these are.
            folds: 2 or more hold out all video in turn, by as many trainings: a better threshold where video is short.

        Raises:
            SpecError: the model cannot take what the observer gives.
            VideoError: a video cannot be read.
            FitError, DataError: there is nothing to learn from; labels are missing, or name strangers.
            StoreError: the cache cannot be written.
            SettingsError: `holdout`, `seed`, `folds`, a video's frame rate or the mask does not fit.
        """
        self._fitted, self._stamps = None, {}
        if isinstance(videos, ObservationSource):
            return self._fit(taught(videos, labels, self.model.regime), run, holdout=holdout, seed=seed, folds=folds)
        check_share(holdout, seed, folds)  # before hours of observing
        self.model.check(self.observer.spec)
        found = find_videos(videos, fps=fps)
        check_labels([video.info.id for video in found], labels)
        with self._observed(found, run, cache, None) as source:
            return self._fit(taught(source, labels, self.model.regime), run, holdout=holdout, seed=seed, folds=folds)

    def teach(
        self,
        video: Sources | ObservationSource,
        start: float,
        end: float,
        run: Run = Run(),
        *,
        box: Box | None = None,
        cache: CacheLike = None,
        fps: Rate | None = None,
    ) -> Taught:
        """Take what a video shows from `start` to `end` for normal, without retraining.

        Of what is seen in these frames, what scores over the threshold is taught (all of it, where nothing does): it
        scores as low as anything can from then on, and what is as near to it as normal things are to each other is
        normal too. No score rises. This holds for observations: through smoothing, a frame at the edge of the range
        still feels odd neighbours beyond it, so name all of an event. The threshold stays, and counts as stale.

        Args:
            video: one video, or a source of one.
            start, end: seconds since the video's first frame.
            box: x0 y0 x1 y1 in pixels: teach only what lies in it by half.
            run, cache, fps: as in `fit`.

        Raises:
            NotFitted: fit or load first.
            SettingsError: no such range, or the model cannot be taught.
            FitError: nothing is seen there.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted = self._known()
        with self._observed(video, run, cache, fps) as source:
            info = only_video(source, video)
            stretch = Stretch.between(info, start, end, box)
            told, change = teach(self.model, source, stretch, fitted.calibration.threshold, run)
        self._fitted = replace(fitted, changes=(*fitted.changes, change))
        return told

    def forget(self, video: str | Path, *, taught_only: bool = False) -> Forgotten:
        """Forget what was taught of a video, and what was learnt from it as normal video, by its name or its file's.

        What was taught since the threshold was learnt leaves no trace. The rest makes the threshold stale.

        Args:
            video: its name, as `info` tells it.
            taught_only: keep what was learnt from it as normal video.

        Raises:
            NotFitted: fit or load first.
            SettingsError: nothing is known of such a video (the closest names are told), or the model cannot forget.
            FitError: nothing normal would be left.
        """
        fitted = self._known()
        told, changes = forget(self.model, fitted, str(video), taught_only)
        self._fitted = replace(fitted, changes=changes)
        return told

    def absorb(
        self,
        videos: Sources | ObservationSource,
        run: Run = Run(),
        *,
        cache: CacheLike = None,
        fps: Rate | None = None,
        holdout: float = 0.2,
        seed: int = 0,
    ) -> Self:
        """Add more normal video to what was learnt, without retraining.

        As in `fit`, a share is held out until the rest is absorbed, and gives a new threshold: that of the detector as
        it is now, under the conditions of these days. Where the share is too little for the rate of alarms, the
        threshold stays, and counts as stale.

        Args:
            videos, run, cache, fps: as in `fit`; names that are known already are refused.
            holdout: the share held out; 0 = keep the threshold.
            seed: chooses which videos these are.

        Raises:
            NotFitted: fit or load first.
            SettingsError: the model cannot absorb, a video is known already, or as in `fit`.
            VideoError, SpecError, FitError, StoreError: as in `fit`.
        """
        fitted = self._known()
        check_share(holdout, seed)
        with self._observed(videos, run, cache, fps) as source:
            calibration, changes = absorb(self.model, fitted, source, self.scoring, run, holdout=holdout, seed=seed)
            views = fitted.views + (source.views() if isinstance(source, CachedSource) else ())
        self._fitted = replace(fitted, calibration=calibration, changes=changes, views=thinned(views))
        return self

    def calibrate(
        self,
        videos: Sources | ObservationSource | None = None,
        run: Run = Run(),
        *,
        scoring: Scoring | None = None,
        cache: CacheLike = None,
        fps: Rate | None = None,
    ) -> Calibration:
        """Learn another threshold; the model and all scores stay as they are.

        Args:
            videos: normal video that it has not learnt from; None = what it held out itself.
            scoring: its own with another rate of alarms; with `videos`, anything may differ.
            run, cache, fps: as in `fit`.

        Raises:
            NotFitted: fit or load first.
            SettingsError: nothing was held out, it learnt from one of the videos, or scoring differs in other things.
            FitError: not one frame is scorable.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted, wanted = self._known(), scoring or self.scoring
        if videos is None:
            fresh = recalibrated(fitted, self.scoring, wanted)
        else:
            with self._observed(videos, run, cache, fps) as source:
                fresh = calibrated_on(self.model, fitted, source, wanted, run)
        self.scoring, self._fitted = wanted, fresh
        return self.calibration

    def explain(
        self,
        video: Sources | ObservationSource,
        at: float,
        run: Run = Run(),
        *,
        nearest: int = 3,
        cache: CacheLike = None,
        fps: Rate | None = None,
    ) -> Explained | None:
        """Why the oddest thing in one frame of a video has its score; None where nothing is seen.

        Args:
            video: one video, or a source of one.
            at: seconds since the video's first frame.
            nearest: most normal moments that each comparison names.
            run, cache, fps: as in `fit`.

        Raises:
            NotFitted: fit or load first.
            SettingsError: no such time, or the model cannot explain.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted = self._known()
        with self._observed(video, run, cache, fps) as source:
            info = only_video(source, video)
            stretch = Stretch.between(info, at, at + info.seconds(1))
            told = explain(self.model, source, stretch, fitted.calibration.threshold, run, nearest=nearest)
        return None if told is None else told.with_fps(fitted.fps(), nearest)

    def score(
        self,
        video: Sources,
        run: Run = Run(),
        *,
        fps: Rate | None = None,
        scoring: Scoring | None = None,
        maps: bool = False,
    ) -> Timeline:
        """The timeline of one video.

        Args:
            video: a file, a folder of pictures, an array, an opened video.
            run, fps: as in `fit`.
            scoring: another way from observations to frames; its threshold is not known, so there are no events.
            maps: whether `timeline.scored` keeps a model's maps, 16 kB a frame; what stands out in them is always kept.

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
        return next(self.score_each(found, run, scoring=scoring, maps=maps))

    def score_each(
        self,
        videos: Sources,
        run: Run = Run(),
        *,
        fps: Rate | None = None,
        scoring: Scoring | None = None,
        maps: bool = False,
    ) -> Iterator[Timeline]:
        """The timelines of many videos, one at a time; arguments and errors as in `score`."""
        fitted = self._known()
        fitted.check_observer(self.observer)
        fitted.warn_if_stale()
        found = find_videos(videos, fps=fps)
        watching, use = self._watching(fitted.cameras()), MapUse(fitted.calibration.map_level, maps)
        return (self._timeline(judge_video(video, watching, self.model, run, maps=use), scoring) for video in found)

    def score_source(
        self, source: ObservationSource, run: Run = Run(), *, scoring: Scoring | None = None, maps: bool = False
    ) -> Iterator[Timeline]:
        """The timelines of a source's videos, one at a time.

        Raises:
            NotFitted: fit or load first.
            SpecError: the detector was fitted on other observations.
        """
        fitted = self._known()
        fitted.warn_if_stale()
        fitted.check_source(source)
        use, infos = MapUse(fitted.calibration.map_level, maps), source.videos()
        return (self._timeline(judge_source(source, info, self.model, run, maps=use), scoring) for info in infos)

    def save(self, folder: str | Path) -> None:
        """Save to a folder, replacing a detector that is there; a kill on the way leaves the old one or the new.

        Raises:
            NotFitted: there is nothing to save.
            StoreError: the folder holds something else, or cannot be written; then nothing has changed.
            SavedMeanwhile: this detector was loaded from there or saved to it, and somebody else has saved to it since.
        """
        saved.save(folder, saved.Parts(*self._own(), self._known(), self._stamps))

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
        detector.preset, detector._fitted, detector._stamps = parts.preset, parts.fitted, parts.stamps
        return detector

    def info(self) -> dict[str, Json]:
        """Everything that is known of the detector, as JSON values."""
        told = None if self._fitted is None else self._fitted.told()
        return {"oddframe": __version__, **saved.Chosen(*self._own()).to_json(), "fitted": told}

    def _observed(
        self, videos: Sources | ObservationSource, run: Run, cache: CacheLike, fps: Rate | None
    ) -> AbstractContextManager[ObservationSource]:
        return source_of(videos, self._watching(), self._fitted, run, cache=cache, fps=fps)

    def _fit(self, source: ObservationSource, run: Run, *, holdout: float, seed: int, folds: int) -> Self:
        check_share(holdout, seed, folds)
        calibration = fit_model(self.model, source, self.scoring, run, holdout=holdout, seed=seed, folds=folds)
        views = thinned(source.views()) if isinstance(source, CachedSource | LabelledSource) else ()
        self._fitted = Fitted(FittedOn.now(source), calibration, source.spec, views)
        return self

    def _timeline(self, judged: Judged, scoring: Scoring | None) -> Timeline:
        if scoring is None or scoring == self.scoring:
            return judged.calibrated(self.scoring, self.calibration)
        return judged.timeline(scoring, self.calibration.floor, None)

    def _own(self) -> tuple[str, Observer, Model, Scoring, Mask | None, CameraHealth]:
        return self.preset, self.observer, self.model, self.scoring, self.mask, self.health

    def _watching(self, views: tuple[View, ...] = ()) -> Watching:
        return Watching(self.observer, self.mask, self.health, views)

    def _known(self) -> Fitted:
        if self._fitted is None:
            raise NotFitted("the detector is not fitted: call fit with normal video, or load a saved one")
        return self._fitted
