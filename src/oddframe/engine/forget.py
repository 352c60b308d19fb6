"""Forgetting a video, and absorbing more."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oddframe.engine.changes import Change, calibrated, normal_in, taught_in
from oddframe.engine.facts import Fitted
from oddframe.engine.fit import held_out_calibration
from oddframe.engine.teach import unchanged_on_error
from oddframe.errors import FitError, SettingsError
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.models.updatable import Teachable, Updatable
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Run, VideoId


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten.

    Args:
        video: whose it was.
        moments: how many taught moments of it.
        normal: whether it was normal video that the detector had been fitted on, or had absorbed.
    """

    video: VideoId
    moments: int
    normal: bool


def forget(model: Model, fitted: Fitted, name: str, taught_only: bool) -> tuple[Forgotten, tuple[Change, ...]]:
    """Have a model forget a video; what it was, and the journal from then on.

    Raises:
        SettingsError: nothing is known of such a video, or the model cannot forget it.
        FitError: nothing normal would be left.
    """
    taught, normal = taught_in(fitted.changes), normal_in(fitted.on.videos, fitted.changes)
    video = _known(name, taught if taught_only else taught.keys() | normal)
    told = Forgotten(video, taught.get(video, 0), video in normal and not taught_only)
    if told.normal and not isinstance(model, Updatable):
        hint = "; --taught-only forgets what was taught of it" if told.moments else ""
        raise SettingsError(f"model {model.name!r} cannot forget {video!r}: fit again without it{hint}")
    if told.normal and normal == {video}:
        raise FitError(f"{video!r} is the only normal video left; without it there is nothing to compare with")
    with unchanged_on_error(model):
        if isinstance(model, Teachable):
            model.unteach(video)
        if told.normal and isinstance(model, Updatable):
            model.forget(video)
    return told, _without(fitted, told)


def absorb(
    model: Model, fitted: Fitted, source: ObservationSource, scoring: Scoring, run: Run, *, holdout: float, seed: int
) -> tuple[Calibration, tuple[Change, ...]]:
    """Have a model absorb more normal video; the calibration and the journal from then on.

    Raises:
        SettingsError: the model cannot absorb, or a video is known already.
        FitError: there is nothing to learn from.
    """
    if type(model).absorb is Model.absorb:
        raise SettingsError(f"model {model.name!r} learns nothing by absorbing; fit it again on all normal video")
    known = normal_in(fitted.on.videos, fitted.changes)
    again = sorted(info.id for info in source.videos() if info.id in known)
    if again:
        raise SettingsError(f"{again[0]!r} is known already; forget it first, or give the new video another name")
    with unchanged_on_error(model):
        fresh = held_out_calibration(model, source, scoring, run, holdout=holdout, seed=seed)
    told = tuple(
        Change.now("absorbed", info.id, fps=str(info.fps), frames=(0, info.frames or 0), observations=len(rows))
        for info, rows in ((info, source.rows(info.id)) for info in source.videos())
    )
    changes = fitted.changes + told
    return (fitted.calibration, changes) if fresh is None else (fresh, calibrated(changes))


def _without(fitted: Fitted, told: Forgotten) -> tuple[Change, ...]:
    """The journal: what the threshold never knew leaves no trace, the rest is said to be forgotten."""
    kinds = {"taught", "absorbed"} if told.normal else {"taught"}
    mine = [change.video == told.video and change.kind in kinds for change in fitted.changes]
    kept = tuple(change for change, own in zip(fitted.changes, mine, strict=True) if not own or change.calibrated)
    if told.normal and told.video in normal_in(fitted.on.videos, kept):
        return *kept, Change.now("forgotten", told.video)
    return (*kept, Change.now("untaught", told.video)) if told.video in taught_in(kept) else kept


def _known(name: str, known: Iterable[VideoId]) -> VideoId:
    """The video of that name, or of that file's."""
    names = sorted(known)
    for asked in (name, name.rstrip("/\\"), Path(name).name, Path(name).stem):
        if asked in names:
            return asked
    close: Sequence[str] = difflib.get_close_matches(Path(name).stem, names, n=3, cutoff=0.4) or names[:3]
    hint = f"the closest names are {', '.join(close)}" if close else "there is none"
    raise SettingsError(f"{name}: the detector knows no such video; {hint}")
