"""Fitting: train on most of the normal video, calibrate on the rest, then absorb that too."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from oddframe.engine.calibrate import calibrate, calibrated_by, map_level_of
from oddframe.engine.holdout import HoldOut, each_held_out, hold_out
from oddframe.engine.score import judge_source
from oddframe.engine.sources import why_nothing
from oddframe.errors import FitError, OddframeWarning
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Run


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
    calibration = calibrated_by(model, parts, scoring, run)
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


def _without_threshold(
    model: Model, source: ObservationSource, scoring: Scoring, run: Run, *, asked: bool
) -> Calibration:
    if asked:
        _warn(
            "too little normal video to hold some back, so there is no threshold and there are no events; fit on more"
        )
    model.train(source, run).absorb(source, run)
    judged = [judge_source(source, info, model, run) for info in source.videos()]
    floor, level = float(np.concatenate([one.scored.score for one in judged]).min()), map_level_of(judged)
    return Calibration.measure([], floor, scoring, map_level=level)


def _warn(text: str) -> None:
    warnings.warn(text, OddframeWarning, stacklevel=5)
