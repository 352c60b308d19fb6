"""Which normal video to train on, and which to hold out for calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oddframe.engine.sources import SourcePart, times_of, window_of
from oddframe.errors import SettingsError
from oddframe.models.source import ObservationSource
from oddframe.scoring import Reasons, untouched
from oddframe.types import IntArray, VideoId

ENOUGH_VIDEOS = 5


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Three parts of one source.

    Args:
        trained: to train on; no observation of it saw a frame that `held` is scored on.
        held: to score.
        rest: all that is not in `trained`; it is what the model absorbs once calibration is done.
    """

    trained: SourcePart
    held: SourcePart
    rest: SourcePart


def hold_out(source: ObservationSource, share: float, seed: int) -> HoldOut:
    """Hold out a share of the videos (a seeded choice), or of each video's end where there are fewer than five.

    Videos that are labelled abnormal are trained on and never held out: calibration is by normal video.

    Raises:
        SettingsError: the share is not between 0 and 1, or the seed is negative.
    """
    check_share(share, seed)
    names = [info.id for info in source.videos() if not source.label(info.id)]
    if share and len(names) >= ENOUGH_VIDEOS:
        return _whole_videos(source, names, share, seed)
    return _ends(source, share)


def each_held_out(source: ObservationSource, folds: int, seed: int) -> list[HoldOut]:
    """Every normal video held out once, in so many groups (a seeded choice), for as many trainings.

    Raises:
        SettingsError: there are fewer normal videos.
    """
    names = [info.id for info in source.videos() if not source.label(info.id)]
    if len(names) < folds:
        raise SettingsError(f"folds {folds}: there are {len(names)} normal videos; give at most that, or cut them")
    order = np.random.default_rng(seed).permutation(len(names))
    return [_apart(source, {names[i] for i in order[start::folds]}) for start in range(folds)]


def check_share(share: float, seed: int, folds: int = 1) -> None:
    """Raise what `hold_out` would, without a source."""
    if folds < 1:
        raise SettingsError(f"folds {folds}: give a whole number, 1 or more")
    if not 0 <= share < 1:
        raise SettingsError(f"holdout {share}: give a share from 0 to less than 1")
    if seed < 0:
        raise SettingsError(f"seed {seed}: give a whole number, 0 or more")


def _whole_videos(source: ObservationSource, names: list[VideoId], share: float, seed: int) -> HoldOut:
    count = max(1, round(share * len(names)))
    return _apart(source, {names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]})


def _apart(source: ObservationSource, held: set[VideoId]) -> HoldOut:
    names = [info.id for info in source.videos()]
    back = SourcePart(source, {name: _all(source, name) for name in names if name in held})
    others = {name: _all(source, name) for name in names if name not in held}
    return HoldOut(SourcePart(source, others), back, back)


def _ends(source: ObservationSource, share: float) -> HoldOut:
    trained: dict[VideoId, IntArray] = {}
    held: dict[VideoId, IntArray] = {}
    rest: dict[VideoId, IntArray] = {}
    known: dict[VideoId, Reasons] = {}
    for info in source.videos():
        if source.label(info.id):
            trained[info.id] = _all(source, info.id)
            continue
        times, window, columns = times_of(info, source), window_of(source, info.id), source.columns(info.id)
        frames = len(times)
        cut = frames - int(frames * share)
        before = untouched(columns, window, times, ((cut, frames, "held out"),))
        known[info.id] = ((0, cut, "trained on"),)
        trained[info.id] = np.flatnonzero(before)
        rest[info.id] = np.flatnonzero(~before)
        held[info.id] = np.flatnonzero(untouched(columns, window, times, known[info.id]))
    return HoldOut(SourcePart(source, trained), SourcePart(source, held, known), SourcePart(source, rest))


def _all(source: ObservationSource, video: VideoId) -> IntArray:
    return np.arange(len(source.rows(video)))
