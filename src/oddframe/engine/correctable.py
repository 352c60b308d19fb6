"""What a fitted detector learns later: corrections, more normal video, another threshold. Nothing here retrains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

from oddframe.engine.base import DetectorParts
from oddframe.engine.calibrate import calibrated_on, recalibrated, with_rate
from oddframe.engine.correct import Forgotten, Stretch, Taught, absorb, forget, teach
from oddframe.engine.fitted import thinned
from oddframe.engine.holdout import check_share
from oddframe.engine.journal import Box
from oddframe.engine.observed import CacheLike
from oddframe.engine.sources import CachedSource, only_video
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Run
from oddframe.video.base import Rate
from oddframe.video.find import Sources


class Correctable(DetectorParts):
    """A detector that can be corrected after it was fitted."""

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
        """Mark what a video shows from `start` to `end` as normal, without retraining.

        Of the observations in these frames, those that score over the threshold are taught, or all of them where none
        does. From then on they score as low as possible, and so does what is as near to them as normal observations
        are to each other. No score rises. Smoothing spreads the scores of frames outside the range into its edges, so
        name all of an event. The threshold stays, and counts as stale.

        Args:
            video: one video, or a source of one.
            start, end: seconds since the video's first frame.
            box: x0 y0 x1 y1 in pixels: teach only observations of which at least half lies in it.
            run, cache, fps: as in `fit`.

        Returns:
            What was taught, with the scores before and after.

        Raises:
            NotFitted: fit or load first.
            SettingsError: no such range, or the model cannot be taught.
            FitError: nothing is seen there.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted = self._known()
        with self._observed(video, run, cache, fps) as source:
            info = only_video(source)
            stretch = Stretch.between(info, start, end, box)
            told, change = teach(self.model, source, stretch, fitted.calibration.threshold, run)
            fitted = fitted.knowing(source)
        self._fitted = replace(fitted, changes=(*fitted.changes, change))
        return told

    def forget(self, video: str | Path, *, taught_only: bool = False) -> Forgotten:
        """Forget what was taught of a video, and what was learnt from it as normal video.

        What was taught since the threshold was learnt leaves no trace. The rest makes the threshold stale.

        Args:
            video: its name, as `info` lists it, or its file.
            taught_only: forget only what was taught.

        Returns:
            What was forgotten.

        Raises:
            NotFitted: fit or load first.
            SettingsError: the detector knows no such video (the nearest names are listed), or the model cannot forget.
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
        strict: bool = False,
    ) -> Self:
        """Add more normal video to what was learnt, without retraining.

        As in `fit`, a share is held out until the rest is absorbed, and gives a new threshold. Where the share is too
        little for the rate of alarms, the threshold stays, and counts as stale.

        Args:
            videos, run, cache, fps: as in `fit`; names that the detector knows already are refused.
            holdout: the share held out; 0 = leave the threshold as it is.
            seed: chooses which videos are held out.
            strict: as in `fit`.

        Raises:
            NotFitted: fit or load first.
            SettingsError: the model cannot absorb, a video is known already, or as in `fit`.
            VideoError, SpecError, FitError, StoreError: as in `fit`.
        """
        fitted = self._known()
        check_share(holdout, seed)
        with self._observed(videos, run, cache, fps, strict=strict) as source:
            calibration, changes = absorb(self.model, fitted, source, self.scoring, run, holdout=holdout, seed=seed)
            views = fitted.views + (source.views() if isinstance(source, CachedSource) else ())
            levels = fitted.levels or (source.levels if isinstance(source, CachedSource) else None)
            fitted = fitted.knowing(source)
        self._fitted = replace(fitted, calibration=calibration, changes=changes, views=thinned(views), levels=levels)
        return self

    def calibrate(
        self,
        videos: Sources | ObservationSource | None = None,
        run: Run = Run(),
        *,
        scoring: Scoring | None = None,
        alarm_rate: float | None = None,
        false_alarms_per_hour: float | None = None,
        cache: CacheLike = None,
        fps: Rate | None = None,
        strict: bool = False,
    ) -> Calibration:
        """Learn another threshold; the model and all scores stay as they are.

        Args:
            videos: normal video that the detector has not learnt from; None = what it held out itself.
            scoring: replaces its own scoring; without `videos`, only the rate of alarms may differ.
            alarm_rate: the share of normal frames over the threshold, between 0 and 1.
            false_alarms_per_hour: events that an hour of normal video may give. Give one rate at most.
            run, cache, fps, strict: as in `fit`.

        Returns:
            The new calibration.

        Raises:
            NotFitted: fit or load first.
            SettingsError: two rates, nothing was held out, the detector learnt from one of the videos, or scoring
                differs in other things.
            FitError: not one frame is scorable.
            VideoError, SpecError, StoreError: as in `fit`.
        """
        fitted = self._known()
        wanted = with_rate(scoring or self.scoring, alarm_rate, false_alarms_per_hour)
        if videos is None:
            fresh = recalibrated(fitted, self.scoring, wanted)
        else:
            with self._observed(videos, run, cache, fps, strict=strict) as source:
                fresh = calibrated_on(self.model, fitted, source, wanted, run)
        self.scoring, self._fitted = wanted, fresh
        return self.calibration
