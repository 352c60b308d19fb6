"""What a threshold means to those who get the alarms: how many are false, how late they are, and what is missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.checked import checked_videos
from oddframe.types import BoolArray, IntArray, Times


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Figures at one threshold.

    Args:
        threshold: frames that score strictly above it are flagged.
        false_alarms_per_hour: see the function of this name; of other alarms, where some were given.
        false_positive_rate: share of the normal frames that are flagged, 0 .. 1. One alarm that never ends is a
            single false alarm, or none, and shows here.
        precision: share of the flagged frames that are anomalous, 0 .. 1; None where no frame is flagged.
        recall: share of the anomalous frames that are flagged, 0 .. 1.
        delays: for each anomalous stretch (a run of anomalous frames), video by video in order, the seconds from its
            first frame to the first frame within it that lies in an alarm; None for a stretch that is missed.
    """

    threshold: float
    false_alarms_per_hour: float
    false_positive_rate: float
    precision: float | None
    recall: float
    delays: tuple[float | None, ...]

    @property
    def missed(self) -> int:
        """The number of anomalous stretches that no alarm reaches into."""
        return self.delays.count(None)

    @property
    def mean_delay(self) -> float | None:
        """The mean delay in seconds of the stretches that are not missed; None where all are missed."""
        found = [delay for delay in self.delays if delay is not None]
        return sum(found) / len(found) if found else None


def operating_point(
    scores: Sequence[npt.ArrayLike],
    labels: Sequence[npt.ArrayLike],
    threshold: float,
    fps: Fraction | float | Sequence[Times],
    *,
    alarms: Sequence[npt.ArrayLike] | None = None,
) -> OperatingPoint:
    """Compute false alarms, delays, precision and recall at a threshold.

    False alarms, delays and misses are about alarms; precision, recall and the false positive rate are about frames.

    Args:
        scores: V rows, each (F_v,), one score for every frame; higher = more anomalous. A frame that is not scorable
            raises no alarm, and its time counts: give it the score -inf.
        labels: V rows, each (F_v,); True or 1 = anomalous.
        threshold: in units of the scores.
        fps: frames a second, the same in all videos, > 0; or the times of the frames of each video.
        alarms: V rows, each (A_v, 2), first and one-past-last frame of each alarm, where they follow from more than the
            threshold (as events do); None = the runs of flagged frames.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, alarms that lie outside of their video,
            or only one class in all videos together.
        SettingsError: a threshold that is NaN, frames a second that are not positive, or times of other videos.

    >>> point = operating_point([[0, 5, 0, 0, 2, 7, 7]], [[0, 0, 0, 1, 1, 1, 0]], threshold=3, fps=2)
    >>> point.delays, point.missed, point.precision, point.false_alarms_per_hour
    ((1.0,), 0, 0.3333333333333333, 1800.0)
    """
    flagged, odd = _flags(scores, labels, threshold, fps)
    every_flag, every_odd = np.concatenate(flagged), np.concatenate(odd)
    if not every_odd.any():
        raise DataError(
            "undefined: only one class, no anomalous frame: give anomalous video too, or ask for "
            "false_alarms_per_hour, which needs normal video alone"
        )
    raised = [_runs(flags) for flags in flagged] if alarms is None else _checked_alarms(alarms, odd)
    clocks = _clocks(fps, odd)
    per_hour = _false_per_hour(raised, odd, clocks)  # refuses video without normal frames
    hits, flags = int(np.count_nonzero(every_flag & every_odd)), int(np.count_nonzero(every_flag))
    return OperatingPoint(
        threshold=float(threshold),
        false_alarms_per_hour=per_hour,
        false_positive_rate=(flags - hits) / int(np.count_nonzero(~every_odd)),
        precision=hits / flags if flags else None,
        recall=hits / int(np.count_nonzero(every_odd)),
        delays=tuple(delay for one in zip(raised, odd, clocks, strict=True) for delay in _delays(*one)),
    )


def false_alarms_per_hour(
    scores: Sequence[npt.ArrayLike],
    labels: Sequence[npt.ArrayLike],
    threshold: float,
    fps: Fraction | float | Sequence[Times],
) -> float:
    """Compute the rate of false alarms: alarms on normal frames alone, per hour of normal frames.

    An alarm is a run of frames that score strictly above the threshold; it is false if none of its frames is
    anomalous, so an alarm that begins early or outlasts its cause is not. Arguments and errors as for
    `operating_point`, but anomalous frames are not needed.

    Raises:
        DataError: as there, or no normal frame.

    >>> false_alarms_per_hour([[0, 5, 5, 0, 5, 0]], [[0, 0, 0, 0, 0, 0]], threshold=3, fps=1)
    1200.0
    """
    flagged, odd = _flags(scores, labels, threshold, fps)
    return _false_per_hour([_runs(flags) for flags in flagged], odd, _clocks(fps, odd))


def _flags(
    scores: Sequence[npt.ArrayLike],
    labels: Sequence[npt.ArrayLike],
    threshold: float,
    fps: Fraction | float | Sequence[Times],
) -> tuple[list[BoolArray], list[BoolArray]]:
    """Which frames of each video are flagged, and which are anomalous."""
    if np.isnan(threshold):
        raise SettingsError("threshold must be a number, not NaN")
    if not isinstance(fps, Sequence) and not 0 < fps < float("inf"):
        raise SettingsError(f"fps must be over 0, not {fps}")
    videos = checked_videos(
        scores, labels, "give frames that are not scorable the score -inf, so that time stays whole"
    )
    return [np.greater(row, threshold) for row, _ in videos], [odd for _, odd in videos]


def _clocks(fps: Fraction | float | Sequence[Times], odd: Sequence[BoolArray]) -> list[Times]:
    if not isinstance(fps, Sequence):
        return [Times.even(len(frames), Fraction(fps)) for frames in odd]
    if list(map(len, fps)) != list(map(len, odd)):
        raise SettingsError(f"times must be of {[len(frames) for frames in odd]} frames, not {list(map(len, fps))}")
    return list(fps)


def _checked_alarms(alarms: Sequence[npt.ArrayLike], odd: Sequence[BoolArray]) -> list[IntArray]:
    if len(alarms) != len(odd):
        raise DataError(f"alarms must have one row a video, {len(odd)}, not {len(alarms)}")
    found = [np.asarray(one, np.int64).reshape(-1, 2) for one in alarms]
    for video, (bounds, frames) in enumerate(zip(found, map(len, odd), strict=True)):
        if not (np.diff(bounds.ravel(), prepend=0, append=frames) >= 0).all():
            raise DataError(f"video {video}: alarms must be in order, apart, and within its {frames} frames")
    return found


def _false_per_hour(alarms: Sequence[IntArray], odd: Sequence[BoolArray], clocks: Sequence[Times]) -> float:
    normal = sum(_lasting(~o, clock) for o, clock in zip(odd, clocks, strict=True))
    if not normal:
        raise DataError("undefined: only one class, no normal frame: false alarms need normal video")
    false = sum(_wholly(~o, bounds) for bounds, o in zip(alarms, odd, strict=True))
    return float(false * 3600 / normal)


def _lasting(flags: BoolArray, clock: Times) -> Fraction:
    """Seconds that the flagged frames last; exact at a constant rate, where nominal frames are whole numbers."""
    return Fraction(float((clock.end_position - clock.position)[flags].sum())) / clock.fps


def _runs(flags: BoolArray) -> IntArray:
    """(R, 2) first and one-past-last frame of each run."""
    return np.flatnonzero(np.diff(flags, prepend=False, append=False)).reshape(-1, 2)


def _wholly(flags: BoolArray, runs: IntArray) -> int:
    """How many runs hold flagged frames only."""
    before = np.concatenate([[0], np.cumsum(flags)])
    return int(np.count_nonzero(before[runs[:, 1]] - before[runs[:, 0]] == runs[:, 1] - runs[:, 0]))


def _delays(alarms: IntArray, odd: BoolArray, clock: Times) -> list[float | None]:
    stretches = _runs(odd)
    ends = np.append(alarms[:, 1], len(odd) + 1)  # the last one lies beyond every stretch
    starts = np.append(alarms[:, 0], len(odd))
    first = np.maximum(starts[np.searchsorted(ends, stretches[:, 0], side="right")], stretches[:, 0])
    place = np.append(clock.position, np.inf)  # in nominal frames
    return [
        float(Fraction(float(place[f] - place[s])) / clock.fps) if f < e else None
        for f, (s, e) in zip(first.tolist(), stretches.tolist(), strict=True)
    ]
