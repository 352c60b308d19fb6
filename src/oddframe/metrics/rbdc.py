"""Figures of localisation: region- and track-based detection (RBDC, TBDC), written from their definition.

Ramachandra and Jones, "Street Scene: A new dataset and evaluation protocol for video anomaly detection", WACV 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.boxes import DetectedRegions, Reals, TrueRegions


@dataclass(frozen=True, slots=True, eq=False)
class DetectionCurve:
    """Detection rate against false alarms: a point for each distinct score, from the highest threshold to the lowest.

    Args:
        threshold: (K,) falling; detected regions that score at least this count. The first is infinite.
        false_positives: (K,) false-positive regions a frame, from 0 upwards, not falling.
        rate: (K,) share of the regions or tracks that are detected, 0 .. 1, not falling.
    """

    threshold: Reals
    false_positives: Reals
    rate: Reals

    @property
    def area(self) -> float:
        """The area under the curve for 0 to 1 false positives a frame; 0 to 1, higher is better.

        Points are joined by straight lines. A curve that crosses 1 is cut exactly there; one that ends before 1 goes on
        level, as no lower threshold finds anything more.

        >>> nothing_false = DetectionCurve(np.array([np.inf, 3.0]), np.array([0.0, 0.0]), np.array([0.0, 0.75]))
        >>> nothing_false.area
        0.75
        """
        inside = int(np.searchsorted(self.false_positives, 1.0, "right"))
        last = self.rate[inside - 1]
        if inside < len(self.rate):
            before, after = self.false_positives[inside - 1 : inside + 1]
            last += (self.rate[inside] - last) * (1.0 - before) / (after - before)
        x, y = np.append(self.false_positives[:inside], 1.0), np.append(self.rate[:inside], last)
        return float(np.diff(x) @ (y[1:] + y[:-1]) / 2)


def region_curve(
    truth: Sequence[TrueRegions], detected: Sequence[DetectedRegions], *, overlap: float = 0.1
) -> DetectionCurve:
    """Compute the share of anomalous regions that are detected, against false-positive regions a frame.

    A true region is detected when a detected region of the same frame overlaps it enough; one detected region may
    find several. A detected region that overlaps no true region of its frame enough is a false positive; several
    on one true region are not.

    Args:
        truth: one entry a video.
        detected: one entry a video, in the same order.
        overlap: the least intersection over union, 0 < overlap <= 1.

    Raises:
        DataError: lists that differ in length, a region outside its video, or no true region at all (undefined).
        SettingsError: an overlap out of range.
    """
    found = _sweep(truth, detected, overlap)
    return found.curve(found.best)


def track_curve(
    truth: Sequence[TrueRegions], detected: Sequence[DetectedRegions], *, overlap: float = 0.1, share: float = 0.1
) -> DetectionCurve:
    """Compute the share of anomalous tracks that are detected, against false-positive regions a frame.

    A track is detected when at least `share` of its regions are, as `region_curve` counts them. Arguments and errors
    as there, and:

    Args:
        truth: with tracks.
        detected: as for `region_curve`.
        overlap: as for `region_curve`.
        share: 0 < share <= 1.

    Raises:
        DataError: a video with true regions but without tracks.
        SettingsError: a share out of range.
    """
    _need_share("share", share)
    for video, regions in enumerate(truth):
        if regions.track is None and len(regions):
            raise DataError(f"video {video}: its true regions have no tracks: give them, or use RBDC")
    found = _sweep(truth, detected, overlap)
    return found.curve(_track_scores(_track_numbers(truth), found.best, share))


def rbdc(truth: Sequence[TrueRegions], detected: Sequence[DetectedRegions], *, overlap: float = 0.1) -> float:
    """Compute the region-based detection criterion: the area under `region_curve` up to one false positive a frame.

    Arguments and errors as for `region_curve`.

    Returns:
        0 to 1, higher is better.

    The package py-ssvad-metrics 1.0.0 counts the same points, and sums them otherwise: it has no point beyond 1 to cut
    towards and does not go on level, its threshold 0 makes every whole frame one region, and as it paints boxes into
    pixel maps, boxes that touch are one region to it.

    >>> truth = TrueRegions(frames=2, frame=[0, 1], box=[[0, 0, 10, 10], [5, 0, 15, 10]], track=[7, 7])
    >>> detected = DetectedRegions(frame=[0, 1], box=[[0, 0, 10, 9], [50, 50, 60, 60]], score=[0.9, 0.2])
    >>> rbdc([truth], [detected]), tbdc([truth], [detected])
    (0.5, 1.0)
    """
    return region_curve(truth, detected, overlap=overlap).area


def tbdc(
    truth: Sequence[TrueRegions], detected: Sequence[DetectedRegions], *, overlap: float = 0.1, share: float = 0.1
) -> float:
    """Compute the track-based detection criterion: the area under `track_curve` up to one false positive a frame.

    Arguments and errors as for `track_curve`, example at `rbdc`.

    Returns:
        0 to 1, higher is better.
    """
    return track_curve(truth, detected, overlap=overlap, share=share).area


@dataclass(frozen=True, slots=True, eq=False)
class _Sweep:
    """What one pass over all pairs of regions finds.

    Args:
        best: (G,) the highest threshold at which each true region is detected; -inf where none does it.
        false: (P,) scores of the false positives, rising.
        threshold: (K,) distinct scores, falling.
        frames: of all videos together.
    """

    best: Reals
    false: Reals
    threshold: Reals
    frames: int

    def curve(self, scores: Reals) -> DetectionCurve:
        """The curve of things that are found at these highest thresholds, -inf for never."""
        return DetectionCurve(
            np.concatenate([[np.inf], self.threshold]),
            np.concatenate([[0.0], _reaching(self.false, self.threshold) / self.frames]),
            np.concatenate([[0.0], _reaching(np.sort(scores), self.threshold) / len(scores)]),
        )


def _reaching(rising: Reals, thresholds: Reals) -> npt.NDArray[Any]:
    return len(rising) - np.searchsorted(rising, thresholds, "left")


def _sweep(truth: Sequence[TrueRegions], detected: Sequence[DetectedRegions], overlap: float) -> _Sweep:
    _need_share("overlap", overlap)
    if len(truth) != len(detected):
        raise DataError(f"one entry a video on either side, not {len(truth)} true and {len(detected)} detected")
    if not any(map(len, truth)):
        raise DataError("undefined: no true region in any video; leave the figure out, or give annotated videos")
    passes = [_match(video, *pair, overlap) for video, pair in enumerate(zip(truth, detected, strict=True))]
    return _Sweep(
        best=np.concatenate([best for best, _ in passes]),
        false=np.sort(np.concatenate([d.score[~hit] for d, (_, hit) in zip(detected, passes, strict=True)])),
        threshold=np.unique(np.concatenate([d.score for d in detected]))[::-1],
        frames=sum(t.frames for t in truth),
    )


def _match(
    video: int, truth: TrueRegions, detected: DetectedRegions, overlap: float
) -> tuple[Reals, npt.NDArray[np.bool_]]:
    """The best score on each true region, and which detected regions are on one: the k-th true regions at a time."""
    if len(detected) and not 0 <= detected.frame.min() <= detected.frame.max() < truth.frames:
        raise DataError(f"video {video}: a detected region lies outside its {truth.frames} frames")
    order = np.argsort(truth.frame, kind="stable")
    first, last = (np.searchsorted(truth.frame[order], detected.frame, side) for side in ("left", "right"))
    best, hit = np.full(len(truth), -np.inf), np.zeros(len(detected), bool)
    for k in range(int((last - first).max(initial=0))):
        rows = np.flatnonzero(last - first > k)
        against = order[first[rows] + k]
        enough = _iou(detected.box[rows], truth.box[against]) >= overlap
        hit[rows] |= enough
        np.maximum.at(best, against[enough], detected.score[rows[enough]])
    return best, hit


def _iou(a: Reals, b: Reals) -> Reals:
    """Intersection over union of boxes, row by row; every row of `b` has an area."""
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(1)
    either = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    return np.asarray(shared / either)


def _track_numbers(truth: Sequence[TrueRegions]) -> npt.NDArray[np.int64]:
    """(G,) tracks of all videos numbered through: 0, 1, ... as a track belongs to one video."""
    video = np.repeat(np.arange(len(truth)), [len(t) for t in truth])
    track = np.concatenate([t.track for t in truth if t.track is not None])
    return np.unique(np.stack([video, track], 1), axis=0, return_inverse=True)[1].reshape(-1)


def _track_scores(track: npt.NDArray[np.int64], best: Reals, share: float) -> Reals:
    """The highest threshold at which enough regions of each track are detected."""
    size = np.bincount(track)
    needed = np.ceil(share * size).astype(np.int64)
    needed -= (needed - 1) / size >= share  # 0.07 * 100 is a little over 7
    falling = np.lexsort((-best, track))
    return np.asarray(best[falling][np.cumsum(size) - size + np.maximum(needed, 1) - 1])


def _need_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise SettingsError(f"{name} must be over 0 and at most 1, not {value}")
