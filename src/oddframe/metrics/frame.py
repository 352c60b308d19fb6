"""How well scores separate anomalous frames from normal ones: exact, threshold-free figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError


def auroc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Area under the ROC curve: the chance that an anomalous frame scores above a normal one, ties counting half.

    Counted in whole pairs of frames (Hanley and McNeil 1982), so exact for any range of scores, infinities included.

    Args:
        scores: (F,) higher = more anomalous.
        labels: (F,) True or 1 = anomalous.

    Raises:
        DataError: a NaN score, labels other than 0 and 1, shapes that differ, or only one class.

    >>> auroc([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.875
    """
    odd, normal = _split(scores, labels)
    wins_twice = int(np.searchsorted(normal, odd, "left").sum()) + int(np.searchsorted(normal, odd, "right").sum())
    return wins_twice / (2 * len(odd) * len(normal))


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean, over the anomalous frames, of the precision at a threshold that just admits the frame.

    A step-wise area under the precision-recall curve, without interpolation; frames with equal scores are admitted
    together. Arguments and errors as for `auroc`.

    >>> average_precision([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.8333333333333333
    """
    odd, normal = _split(scores, labels)
    hits, alarms = _admitted(odd, odd), _admitted(normal, odd)
    return float(np.mean(hits / (hits + alarms)))


def equal_error_rate(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The error rate where as large a share of the normal frames is flagged as of the anomalous frames is missed.

    Between thresholds the ROC curve is a straight line. In 0 .. 1, lower is better. Arguments and errors as for
    `auroc`.

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
    values, truth = np.asarray(scores), np.asarray(labels)
    if values.ndim != 1 or values.shape != truth.shape:
        raise DataError(f"scores and labels must be two rows of one length, not {values.shape} and {truth.shape}")
    if values.dtype.kind not in "fiub" or truth.dtype.kind not in "fiub":
        raise DataError(f"scores and labels must be numbers, not {values.dtype} and {truth.dtype}")
    if values.dtype.kind == "f" and bool(np.isnan(values).any()):
        first = int(np.flatnonzero(np.isnan(values))[0])
        raise DataError(f"score of frame {first} is NaN: leave frames that are not scorable out of scores and labels")
    odd = truth.astype(bool)
    if not np.array_equal(odd, truth):
        raise DataError("labels must be 0 or 1 (False or True)")
    if not 0 < np.count_nonzero(odd) < len(odd):
        raise DataError(f"undefined: only one class among {len(odd)} labels; both normal and anomalous are needed")
    return np.sort(values[odd]), np.sort(values[~odd])
