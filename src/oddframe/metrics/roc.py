"""The ROC curve itself, to draw or to choose a threshold by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oddframe.metrics.checked import checked_frames, need_both_classes

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Corners of a ROC curve, from (0, 0) to (1, 1); between them it is straight.

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
        """The area under it: the AUROC, but for rounding."""
        return float(np.diff(self.false_rate) @ (self.true_rate[1:] + self.true_rate[:-1]) / 2)


def roc_curve(scores: npt.ArrayLike, labels: npt.ArrayLike) -> RocCurve:
    """The ROC curve, without the points that lie on a straight line between two others.

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
