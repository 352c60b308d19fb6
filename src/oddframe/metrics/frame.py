"""How well scores separate anomalous frames from normal ones: exact, threshold-free figures, and the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.metrics.checked import checked_frames, need_both_classes


def auroc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the area under the ROC curve: the chance that an anomalous frame scores above a normal one.

    Ties count half. Counted in whole pairs of frames (Hanley and McNeil 1982), so it is exact for any range of scores,
    infinities included.

    Args:
        scores: (F,) higher = more anomalous.
        labels: (F,) True or 1 = anomalous.

    Returns:
        0 to 1, higher is better; 0.5 = chance.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, or only one class.

    >>> auroc([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.875
    """
    odd, normal = _split(scores, labels)
    wins_twice = int(np.searchsorted(normal, odd, "left").sum()) + int(np.searchsorted(normal, odd, "right").sum())
    return wins_twice / (2 * len(odd) * len(normal))


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the average precision: the mean of the precisions at thresholds that just admit each anomalous frame.

    This is the area under the precision-recall curve in steps, without interpolation; frames with equal scores are
    admitted together. Arguments and errors as for `auroc`.

    Returns:
        0 to 1, higher is better; chance is the share of anomalous frames.

    >>> average_precision([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.8333333333333333
    """
    odd, normal = _split(scores, labels)
    hits, alarms = _admitted(odd, odd), _admitted(normal, odd)
    return float(np.mean(hits / (hits + alarms)))


def equal_error_rate(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the equal error rate: where the false positive rate equals the false negative rate.

    Between thresholds the ROC curve is a straight line. Arguments and errors as for `auroc`.

    Returns:
        0 to 1, lower is better; 0.5 = chance.

    >>> equal_error_rate([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.25
    """
    odd, normal = _split(scores, labels)
    thresholds = np.unique(np.concatenate([odd, normal]))[::-1]
    flagged = np.concatenate([[0.0], _admitted(normal, thresholds) / len(normal)])
    missed = np.concatenate([[1.0], 1.0 - _admitted(odd, thresholds) / len(odd)])
    after = int(np.argmax(flagged >= missed))
    before = after - 1
    gap_before, gap_after = missed[before] - flagged[before], flagged[after] - missed[after]
    step = gap_before / (gap_before + gap_after)
    return float(flagged[before] + step * (flagged[after] - flagged[before]))


def _admitted(ascending: npt.NDArray[Any], thresholds: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many of the sorted values reach each threshold."""
    return np.asarray(len(ascending) - np.searchsorted(ascending, thresholds, "left"), np.int64)


def _split(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Checked scores of the anomalous and of the normal frames, each in rising order."""
    values, odd = checked_frames(scores, labels)
    need_both_classes(odd)
    return np.sort(values[odd]), np.sort(values[~odd])


Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """The corners of a ROC curve, from (0, 0) to (1, 1); between them it is straight.

    Args:
        false_rate: (P,) share of the normal frames that reach the threshold, rising.
        true_rate: (P,) share of the anomalous frames that do.
        threshold: (P,) falling, the first infinite.
    """

    false_rate: Reals
    true_rate: Reals
    threshold: Reals

    @property
    def area(self) -> float:
        """The area under the curve: the AUROC, up to rounding."""
        return float(np.diff(self.false_rate) @ (self.true_rate[1:] + self.true_rate[:-1]) / 2)


def roc_curve(scores: npt.ArrayLike, labels: npt.ArrayLike) -> RocCurve:
    """Compute the ROC curve, without the points that lie on a straight line between two others.

    Args:
        scores: (F,) higher = more anomalous.
        labels: (F,) True or 1 = anomalous.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, or only one class.

    >>> roc_curve([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1]).true_rate
    array([0. , 0.5, 1. , 1. ])
    """
    values, odd = checked_frames(scores, labels)
    need_both_classes(odd)
    order = np.argsort(-values, kind="stable")
    values, odd = values[order], odd[order]
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)  # equal scores are admitted together
    hits = np.concatenate([[0], np.cumsum(odd)[last]])
    alarms = np.concatenate([[0], last + 1 - hits[1:]])
    right, up = np.diff(alarms), np.diff(hits)
    kept = np.concatenate([[True], right[:-1] * up[1:] != right[1:] * up[:-1], [True]])
    thresholds = np.concatenate([[np.inf], values[last].astype(np.float64)])
    return RocCurve(alarms[kept] / alarms[-1], hits[kept] / hits[-1], thresholds[kept])
