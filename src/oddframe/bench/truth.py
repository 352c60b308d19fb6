"""The ground truth of the test videos, gathered and checked before anything long begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from oddframe.datasets.base import LabelledVideo
from oddframe.errors import DataError
from oddframe.metrics import TrueRegions
from oddframe.types import BoolArray, Progress, Run, VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The ground truth of V test videos, in the order of their split.

    Args:
        infos: the videos, counted.
        labels: per video (F,) whether each frame is anomalous.
        regions: per video the anomalous regions; None where none are published.
        tracked: whether the regions have tracks.
    """

    infos: tuple[VideoInfo, ...]
    labels: tuple[BoolArray, ...]
    regions: tuple[TrueRegions, ...] | None
    tracked: bool


def truth_of(videos: Sequence[LabelledVideo], run: Run = Run()) -> Truth:
    """Read the labels and regions of a test split.

    Args:
        videos: of the split.
        run: how to run.

    Raises:
        DataError: a video without labels, or labels and regions that do not fit their video.
        VideoError: a video cannot be read.
    """
    labels = [_labels(video, number, len(videos), run) for number, video in enumerate(videos)]
    infos = tuple(video.video.info for video in videos)
    tracked = bool(videos) and all(video.has_boxes for video in videos)
    regions = None
    if tracked:
        regions = tuple(_published(video) for video in videos)
    elif videos and all(video.has_masks for video in videos):
        regions = tuple(_outlined(video, number, len(videos), run) for number, video in enumerate(videos))
    return Truth(infos, tuple(labels), regions, tracked)


def _labels(video: LabelledVideo, number: int, of: int, run: Run) -> BoolArray:
    run.progress(Progress("reading labels", number, of, "videos"))
    labels = video.labels
    if labels is None:
        raise DataError(f"{video.name}: this test video has no frame labels, so there is nothing to compare with")
    return labels


def _published(video: LabelledVideo) -> TrueRegions:
    boxes = video.boxes()
    return TrueRegions(video.video.count(), boxes.frame, boxes.box.astype(np.float64), boxes.track)


def _outlined(video: LabelledVideo, number: int, of: int, run: Run) -> TrueRegions:
    """A box round each connected part of each mask; nobody says which are the same thing over time."""
    frames, found = [], []
    for index, mask in enumerate(video.masks()):
        run.progress(Progress(f"reading masks of {video.name} ({number + 1} of {of})", index, video.video.hint))
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        for x, y, width, height, _ in stats[1:count]:
            frames.append(index)
            found.append((x, y, x + width, y + height))
    return TrueRegions(video.video.count(), np.array(frames, np.int64), np.array(found, np.float64).reshape(-1, 4))
