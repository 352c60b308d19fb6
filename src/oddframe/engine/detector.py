"""The detector: what is fitted, saved, loaded and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from oddframe.engine import saved
from oddframe.engine.correct import Stretch
from oddframe.engine.correctable import Correctable
from oddframe.engine.explain import Explained, explain
from oddframe.engine.fit import fit_model
from oddframe.engine.fitted import Fitted, FittedOn, thinned
from oddframe.engine.holdout import check_share
from oddframe.engine.observed import CacheLike, observed_ahead
from oddframe.engine.score import Failed, Judged, judge_cached, judge_source
from oddframe.engine.sources import CachedSource, LabelledSource, check_labels, only_video, taught
from oddframe.engine.usable import Saying, usable_videos, videos_of
from oddframe.errors import SpecError, VideoError
from oddframe.models.source import ObservationSource
from oddframe.scoring import MapUse, Scoring
from oddframe.types import Json, Run, Timeline
from oddframe.version import __version__
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources


class Detector(Correctable):
    """Finds anomalies in video. Fitting changes it in place; everything that it returns is a frozen value.

    Args:
        preset: the name of an observer and a model that go together (`oddframe.catalog.PRESETS`).
        observer, model: replace the preset's: a name, an object, a class, or `{"name": ..., "settings": {...}}`.
        scoring: how scores of observations become scores of frames, a threshold and events.
        mask: which part of the picture to ignore; a `Mask` or the file of a picture.
        health: what judges the camera; frames that it rejects are not scorable.
        settings: single settings by dotted name, as `{"model.k": 3, "scoring.alarm_rate": 0.001}`.
        allow_fetch: whether weights that are not on this machine may be fetched from the network.

    Raises:
        SettingsError: an unknown name or setting, a part of another type, or a value that does not fit.
        VideoError: the mask's file cannot be read.

    >>> Detector("knn", settings={"model.k": 3})
    <Detector 'knn': objects + knn, not fitted>
    """

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
        strict: bool = False,
    ) -> Self:
        """Learn what is normal. What was learnt before is forgotten.

        A share of the video is held out. The scores that the model gives it decide the threshold; then it is learnt
        from as well.

        Args:
            videos: normal video: files, folders, patterns, arrays, opened videos; or a source of observations.
            run: where and how to run.
            cache: where observations are stored: a cache, or a folder; None = the user's cache folder.
            fps: frames a second, in place of what the files say.
            labels: video -> whether it contains an anomaly; weak supervision needs it, others leave it out.
            holdout: the share of normal video held out for the threshold, from 0 to less than 1; 0 = no threshold.
            seed: chooses which videos are held out.
            folds: 2 or more hold out all video in turn, by as many trainings: a better threshold where video is short.
            strict: whether a video that cannot be read is an error; else it is left out, with a `SkippedVideo` warning.

        Returns:
            The detector itself.

        Raises:
            SpecError: the model cannot take what the observer gives.
            VideoError: no video can be read, or, if `strict`, one cannot; the message names all of them.
            FitError, DataError: there is nothing to learn from; labels are missing, or name unknown videos.
            StoreError: the cache cannot be written.
            SettingsError: `holdout`, `seed`, `folds`, a video's frame rate or the mask does not fit.
        """
        self._fitted, self._stamps = None, {}
        if isinstance(videos, ObservationSource):
            return self._fit(taught(videos, labels, self.model.regime), run, holdout=holdout, seed=seed, folds=folds)
        check_share(holdout, seed, folds)  # before hours of observing
        self.model.check(self.observer.spec)
        found = usable_videos(videos, fps, strict=strict, named=partial(check_labels, labels=labels))
        with self._observed(found, run, cache, None, strict=strict) as source:
            names = {info.id for info in source.videos()}
            known = None if labels is None else {name: odd for name, odd in labels.items() if name in names}
            return self._fit(taught(source, known, self.model.regime), run, holdout=holdout, seed=seed, folds=folds)

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
        """Explain the score of the most anomalous observation in one frame of a video.

        Args:
            video: one video, or a source of one.
            at: seconds since the video's first frame.
            nearest: how many of the nearest normal moments each comparison names.
            run, cache, fps: as in `fit`.

        Returns:
            The explanation; None where nothing is seen in that frame.

        Raises:
            NotFitted: fit or load first.
            SettingsError: no such time, or the model cannot explain.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted = self._known()
        with self._observed(video, run, cache, fps) as source:
            info = only_video(source)
            stretch = Stretch.at(info, at)
            told = explain(self.model, source, stretch, fitted.calibration.threshold, run, nearest=nearest)
        return None if told is None else told.with_times(fitted.times(), nearest)

    def explain_events(
        self, video: Sources, timeline: Timeline, run: Run = Run(), *, nearest: int = 3, cache: CacheLike = None
    ) -> list[Explained | None]:
        """Explain the peak of each event of a timeline; arguments and errors as in `explain`.

        Args:
            video: the one that was scored.
            timeline: what `score` returned for it.

        Returns:
            One explanation an event, in order.
        """
        peaks = [event.peak_time for event in timeline.events]
        return [self.explain(video, peak, run, nearest=nearest, cache=cache) for peak in peaks]

    def score(
        self,
        video: Sources,
        run: Run = Run(),
        *,
        fps: Rate | None = None,
        scoring: Scoring | None = None,
        maps: bool = False,
        cache: CacheLike = None,
    ) -> Timeline:
        """Score one video.

        Args:
            video: a file, a folder of pictures, an array of frames (F, H, W, 3), an opened video.
            run, fps: as in `fit`.
            scoring: replaces the detector's own; no threshold is known for it, so there are no events.
            maps: whether `timeline.scored` holds the model's anomaly maps, 16 kB a frame. What stands out in them is
                always there.
            cache: where observations are stored, as in `fit`: a video that has been observed in the same way is not
                observed again. Observations that would fill much of the cache are not stored.

        Returns:
            Its timeline: a score for each frame, and the events.

        Raises:
            NotFitted: fit or load first.
            VideoError: the video cannot be read, or there are several.
            SpecError: the observer does not give what the detector was fitted on.
            SettingsError: the observer cannot watch at the video's frame rate.
            StoreError: the `cache` that was given cannot be written.
        """
        self._known()
        found = videos_of(video, fps)
        if len(found) != 1:
            names = ", ".join(one.id for one in found[:3]) + (", ..." if len(found) > 3 else "")
            raise VideoError(f"{names}: {len(found)} videos; give one to score, or all to score_each")
        return next(self.score_each(found, run, scoring=scoring, maps=maps, cache=cache))

    def score_each(
        self,
        videos: Sources,
        run: Run = Run(),
        *,
        fps: Rate | None = None,
        scoring: Scoring | None = None,
        maps: bool = False,
        cache: CacheLike = None,
        failed: Failed | None = None,
    ) -> Iterator[Timeline]:
        """Score many videos, one at a time; arguments and errors as in `score`.

        Args:
            failed: called with each video that cannot be scored and its error, and the others are scored. None = the
                error is raised. A detector that cannot score any video always raises.

        Returns:
            Their timelines, each made when it is asked for. With several workers (`run.workers`) all videos are
            observed before the first timeline comes.
        """
        fitted = self._known()
        fitted.check_observer(self.observer)
        fitted.warn_if_stale()
        return self._timelines(videos_of(videos, fps), run, scoring, maps=maps, cache=cache, failed=failed)

    def score_source(
        self, source: ObservationSource, run: Run = Run(), *, scoring: Scoring | None = None, maps: bool = False
    ) -> Iterator[Timeline]:
        """Score a source's videos, one at a time; arguments as in `score`.

        Returns:
            Their timelines, each made when it is asked for.

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
        """Save to a folder, in place of a detector that is there. If it is interrupted, the old one or the new is left.

        Raises:
            NotFitted: there is nothing to save.
            StoreError: the folder holds something else, or cannot be written; then nothing has changed.
            SavedMeanwhile: this detector was loaded from there or saved to it, and somebody else has saved to it since.
        """
        saved.save(folder, saved.Parts(*self._own(), self._known(), self._stamps))

    @classmethod
    def load(cls, folder: str | Path, *, allow_fetch: bool = False, allow_files: Sequence[str | Path] = ()) -> Self:
        """Load a detector from the folder that it was saved to.

        Nothing saved is executed. What lies outside of the folder is read only from the weights folder, and where
        detectors that were saved on this machine read it too, with the same content; the network is not used.

        Args:
            folder: where it was saved.
            allow_fetch: whether weights that it names and that are not on this machine may be fetched.
            allow_files: further files and folders that it may read weights from.

        Raises:
            StoreError: there is none, it is damaged, reads what it may not, or a package that it needs is missing.
            NewerFormat: a newer version of oddframe saved it.
        """
        parts = saved.load(folder, allow_fetch=allow_fetch, allow_files=allow_files)
        detector = cls(
            observer=parts.observer, model=parts.model, scoring=parts.scoring, mask=parts.mask, health=parts.health
        )
        detector.preset, detector._fitted, detector._stamps = parts.preset, parts.fitted, parts.stamps
        return detector

    def info(self) -> dict[str, Json]:
        """Describe the detector: its parts, their settings and, once fitted, on what; as JSON values."""
        told = None if self._fitted is None else self._fitted.told()
        return {"oddframe": __version__, **saved.Chosen(*self._own()).to_json(), "fitted": told}

    def _fit(self, source: ObservationSource, run: Run, *, holdout: float, seed: int, folds: int) -> Self:
        check_share(holdout, seed, folds)
        calibration = fit_model(self.model, source, self.scoring, run, holdout=holdout, seed=seed, folds=folds)
        views = thinned(source.views()) if isinstance(source, CachedSource | LabelledSource) else ()
        levels = source.levels if isinstance(source, CachedSource | LabelledSource) else None
        fitted = Fitted(FittedOn.now(source), calibration, source.spec, views, levels=levels)
        self._fitted = fitted.knowing(source)
        return self

    def _timelines(
        self,
        videos: Sequence[Video],
        run: Run,
        scoring: Scoring | None,
        *,
        maps: bool,
        cache: CacheLike,
        failed: Failed | None,
    ) -> Iterator[Timeline]:
        fitted = self._known()
        watching, use = self._watching(fitted.cameras()), MapUse(fitted.calibration.map_level, maps)
        saying = Saying()
        with observed_ahead(videos, watching, cache, run) as store:
            for video in videos:
                try:
                    saying.of(video, fitted.levels or video.levels)
                    judged = judge_cached(video, watching, self.model, store, run, maps=use)
                    timeline = self._timeline(judged, scoring)
                except SpecError:  # the detector's fault, so every video's
                    raise
                except Exception as error:  # even a defect, met in one video, must not cost the others
                    if failed is None:
                        raise
                    failed(video, error)
                    continue
                yield timeline

    def _timeline(self, judged: Judged, scoring: Scoring | None) -> Timeline:
        if scoring is None or scoring == self.scoring:
            return judged.calibrated(self.scoring, self.calibration)
        return judged.timeline(scoring, self.calibration.floor, None)
