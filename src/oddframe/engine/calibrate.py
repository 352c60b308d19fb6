"""Another threshold for a detector that stays as it is."""

from __future__ import annotations

from dataclasses import replace

from oddframe.engine.changes import Change, calibrated, normal_in, taught_in
from oddframe.engine.facts import Fitted
from oddframe.engine.score import judge_source
from oddframe.errors import FitError, SettingsError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Run


def recalibrated(fitted: Fitted, old: Scoring, new: Scoring) -> Fitted:
    """The same with the threshold that its own held-out video gives for another rate; as stale as before.

    Raises:
        SettingsError: nothing was held out, or more than the rate of alarms is to change.
    """
    if replace(old, alarm_rate=new.alarm_rate, false_alarms_per_hour=new.false_alarms_per_hour) != new:
        raise SettingsError("only the rate of alarms can change without video: give normal video to calibrate on")
    return replace(fitted, calibration=fitted.calibration.at(new))


def calibrated_on(model: Model, fitted: Fitted, source: ObservationSource, scoring: Scoring, run: Run) -> Fitted:
    """The same with a threshold from normal video that the model has not learnt from, and a line in the journal.

    Raises:
        SettingsError: the model has learnt from one of the videos.
        FitError: not one frame is scorable.
    """
    learnt = normal_in(fitted.on.videos, fitted.changes) | taught_in(fitted.changes).keys()
    if known := sorted(info.id for info in source.videos() if info.id in learnt):
        raise SettingsError(f"{known[0]!r}: it was learnt from, so it scores too low to calibrate on; give other video")
    old = fitted.calibration
    judged = [judge_source(source, info, model, run) for info in source.videos()]
    timelines = [one.timeline(scoring, old.floor, None) for one in judged]
    fresh = Calibration.measure(timelines, old.floor, scoring, map_level=old.map_level, ceiling=model.ceiling)
    if fresh.normal is None:
        raise FitError(f"not one frame of {len(judged)} videos is scorable; give other normal video to calibrate on")
    told = [
        Change.now("calibrated", one.info.id, fps=str(one.info.fps), frames=(0, one.info.frames or 0)) for one in judged
    ]
    return replace(fitted, calibration=fresh, changes=calibrated([*fitted.changes, *told]))
