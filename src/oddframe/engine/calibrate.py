"""Another threshold for a detector that stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oddframe.engine.fitted import Fitted
from oddframe.engine.holdout import HoldOut, hold_out
from oddframe.engine.journal import Change, calibrated, normal_in, taught_in
from oddframe.engine.score import Judged, judge_source
from oddframe.engine.sources import why_nothing
from oddframe.errors import FitError, SettingsError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, FalseAlarms, Scoring, duration, map_level, rate
from oddframe.types import Run


def with_rate(scoring: Scoring, alarm_rate: float | None, false_alarms_per_hour: float | None) -> Scoring:
    """The same scoring with the rate of alarms that is given; None and None = with its own.

    Raises:
        SettingsError: both are given, or the rate is out of range.
    """
    if alarm_rate is not None and false_alarms_per_hour is not None:
        raise SettingsError("alarm_rate and false_alarms_per_hour both set the threshold: give one of them")
    if alarm_rate is not None:
        return replace(scoring, alarm_rate=alarm_rate, false_alarms_per_hour=None)
    if false_alarms_per_hour is not None:
        return replace(scoring, false_alarms_per_hour=false_alarms_per_hour)
    return scoring


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
    calibration = calibrated_by(model, parts, scoring, run)
    model.absorb(parts.rest, run)
    return calibration if calibration.enough else None


def calibrated_by(model: Model, parts: HoldOut, scoring: Scoring, run: Run) -> Calibration:
    """Calibrate a model on the videos that were held out."""
    judged = [judge_source(parts.held, info, model, run) for info in parts.held.videos()]
    return calibrate(model, judged, scoring)


def calibrate(model: Model, judged: Sequence[Judged], scoring: Scoring) -> Calibration:
    """What normal video that the model has not seen says about its scores; at least one observation is needed."""
    floor = min(float(one.scored.score.min()) for one in judged if len(one.scored))
    timelines = [one.timeline(scoring, floor, None) for one in judged]
    return Calibration.measure(timelines, floor, scoring, map_level=map_level_of(judged), ceiling=model.ceiling)


def map_level_of(judged: Sequence[Judged]) -> float | None:
    """The level above which a value of an anomaly map is anomalous; None where the model makes no maps."""
    return map_level([one.peaks for one in judged if one.peaks is not None])


BASES = {
    "counted": "by counting events",
    "tail": "by a tail fitted to the highest events",
    "highest": "by its highest score: there were too few events for anything else",
}
"""How a rate of false alarms was found, in words."""


def in_words(calibration: Calibration, before: float | None = None, videos: int = 0) -> list[str]:
    """Say in words what a calibration stands on, one line each.

    Args:
        calibration: with a threshold.
        before: the threshold that it replaces; None = none.
        videos: how many videos it was learnt from; 0 = what the detector held out.
    """
    was = "" if before is None else f" (was {before:.4g})"
    lines = ["no threshold"]
    if calibration.threshold is not None:
        low = f"an event lasts while scores are above {calibration.low:.4g}"
        lines = [f"threshold {calibration.threshold:.4g}{was}; {low}"]
    if calibration.alarms is not None:
        held = "that the detector held out" if not videos else f"of {videos} video{'s' if videos > 1 else ''}"
        length = f"{duration(calibration.alarms.hours)} of normal video {held}"
        lines += [f"expect {alarms_in_words(calibration.alarms)}", f"from {length}, {BASES[calibration.alarms.basis]}"]
    return lines


def alarms_in_words(alarms: FalseAlarms) -> str:
    """How many false alarms to expect an hour or a day, with their interval.

    >>> alarms_in_words(FalseAlarms(0.5, at_least=0.1, at_most=2.0, basis="tail", hours=3.0))
    '12 false alarms a day (95 %: 2.4 to 48)'
    """
    times = 1 if alarms.per_hour >= 1 else 24
    return f"{rate(alarms.per_hour)} (95 %: {times * alarms.at_least:.3g} to {times * alarms.at_most:.3g})"
