"""Corrections of a fitted detector: teach a moment of a video as normal, forget a video, absorb more."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from oddframe.engine.calibrate import held_out_calibration
from oddframe.engine.fitted import Fitted
from oddframe.engine.journal import Box, Change, calibrated, normal_in, taught_in
from oddframe.engine.sources import frames_of, reasons_of
from oddframe.errors import FitError, SettingsError
from oddframe.models.abilities import Teachable, Updatable
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration, Scoring, as_codes
from oddframe.types import FloatArray, IntArray, Observations, Run, Scored, VideoId, VideoInfo

LOOKED_AT = 16
"""At most so many of the taught observations are scored once more: an exact search for all takes its time."""

_SLACK = 1e-6  # frames: seconds in decimals are no exact frames


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a video, or of one box of it.

    Args:
        info: the video, its frames counted.
        first, stop: the first frame, and one past the last.
        box: x0 y0 x1 y1 in pixels; None = the whole picture.
    """

    info: VideoInfo
    first: int
    stop: int
    box: Box | None = None

    @classmethod
    def between(cls, info: VideoInfo, start: float, end: float, box: Box | None = None) -> Self:
        """The frames from `start` up to `end`, in seconds.

        Raises:
            SettingsError: the range is empty, or not within the video, or the box is none.
        """
        times, asked = info.frame_times(), f"{info.id}: {start:g} to {end:g} s"
        length, slack = info.until(len(times)), _SLACK * float(1 / info.fps)
        if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
            raise SettingsError(f"{asked} is no range; give a start of 0 or later, and an end after it")
        if start >= length or end > length + float(1 / info.fps) + slack:
            raise SettingsError(f"{asked} is not within the video, which lasts {length:.3f} s; give times within it")
        if box is not None and not (len(box) == 4 and box[0] < box[2] and box[1] < box[3]):
            raise SettingsError(f"{info.id}: {box} is no box; give x0, y0, x1, y1 with x0 < x1 and y0 < y1")
        first, stop = times.shown(start + slack), int(np.searchsorted(times.time, end - slack))
        if stop <= first and times.begin(first) > start + slack:
            hole = f"{times.end(first):g} to {times.begin(first):g} s"
            raise SettingsError(f"{asked} is a hole in the recording, from {hole}; give times outside of it")
        return cls(info, first, max(first + 1, stop), box)

    @classmethod
    def at(cls, info: VideoInfo, moment: float) -> Self:
        """The frame that is seen at a moment, in seconds. Raises as `between` does."""
        return cls.between(info, moment, moment + min(float(info.frame_times().lasting.min()), 1 / float(info.fps)) / 2)

    def __str__(self) -> str:
        return f"{self.info.id}, {self.info.seconds(self.first):g} to {self.info.until(self.stop):g} s"


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What was taught.

    Args:
        stretch: where.
        seen: how many observations there are.
        observations: those that were taken (columns, no data).
        rows: which of the taken ones were looked at, evenly drawn over the stretch.
        before, after: the scores of these.
        threshold: of the detector's frame scores; None where there is none.
    """

    stretch: Stretch
    seen: int
    observations: Observations
    rows: IntArray
    before: FloatArray
    after: FloatArray
    threshold: float | None


def teach(
    model: Model, source: ObservationSource, stretch: Stretch, threshold: float | None, run: Run = Run()
) -> tuple[Taught, Change]:
    """Teach a model what a source shows there; what that was, and a line for the journal.

    Raises:
        SettingsError: the model cannot be taught.
        FitError: nothing is seen there.
    """
    if not isinstance(model, Teachable):
        raise SettingsError(f"model {model.name!r} cannot be taught; choose another, or absorb or fit on more video")
    seen = _with_data(source, stretch.info, _seen(source, stretch))
    before = scores_of(model, stretch.info, seen, run)
    # What is normal already stays out: it would draw everything near it, in every video, nearer still.
    over = np.flatnonzero(before > (-np.inf if threshold is None else threshold))
    taken = over if len(over) else np.arange(len(seen))
    chosen, before = seen.select(taken), before[taken]
    rows = np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), LOOKED_AT)).round().astype(np.int64))
    looked_at = chosen.select(rows)
    with unchanged_on_error(model):
        model.teach(chosen)
        after = scores_of(model, stretch.info, looked_at, run)
    frames, fps = (stretch.first, stretch.stop), str(stretch.info.fps)
    change = Change.now("taught", stretch.info.id, fps=fps, frames=frames, box=stretch.box, observations=len(chosen))
    return Taught(stretch, len(seen), chosen.columns(), rows, before[rows], after, threshold), change


def _seen(source: ObservationSource, stretch: Stretch) -> IntArray:
    """The numbers, within their video, of the observations that cover any of its frames and lie in its box by half."""
    columns, box = source.columns(stretch.info.id), stretch.box
    there = (columns.span[:, 0] < stretch.stop) & (columns.span[:, 1] > stretch.first)
    inside = there if box is None else there & (_shares(columns.box, box) >= 0.5)
    if inside.any():
        return np.flatnonzero(inside)
    if there.any():
        edges = [*columns.box[there][:, :2].min(axis=0), *columns.box[there][:, 2:].max(axis=0)]
        where = " ".join(f"{edge:.0f}" for edge in edges)
        raise FitError(f"{stretch}: nothing lies in that box by half; all that is seen there lies in {where}")
    raise FitError(f"{stretch}: nothing is seen there{_why(source, stretch)}, so there is nothing to teach")


def _why(source: ObservationSource, stretch: Stretch) -> str:
    code, words = as_codes(reasons_of(source, stretch.info.id), frames_of(stretch.info, source))
    bad = code[stretch.first : stretch.stop]
    return f" ({words[int(bad.max())]})" if bad.any() else ""


def _shares(boxes: FloatArray, box: Box) -> FloatArray:
    """(N,) which share of each box (N, 4) lies in this one."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6), axis=1)
    shares: FloatArray = np.prod(np.clip(high - low, 0, None), axis=1) / area
    return shares


def _with_data(source: ObservationSource, info: VideoInfo, numbers: IntArray) -> Observations:
    data = source.take(source.rows(info.id).start + numbers)
    return replace(source.columns(info.id).select(numbers), data=data)


def observations_at(source: ObservationSource, info: VideoInfo, frame: int) -> Observations:
    """What is seen in one frame of a video, with data; perhaps nothing."""
    span = source.columns(info.id).span
    return _with_data(source, info, np.flatnonzero((span[:, 0] <= frame) & (frame < span[:, 1])))


def scores_of(model: Model, info: VideoInfo, observations: Observations, run: Run = Run()) -> FloatArray:
    """(N,) what a model says of observations of one video."""
    stream = model.open(info, run)
    return Scored.concatenate([stream.push(observations), stream.close()]).score


@contextmanager
def unchanged_on_error(model: Model) -> Iterator[None]:
    """Whatever stops the work inside, Ctrl-C too, leaves the model as it was."""
    before = model.state()
    try:
        yield
    except BaseException:
        model.restore(before)
        raise


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
