"""The UCSD anomaly data sets: a walkway seen by a fixed camera, pictures at 10 per second.

As the authors distribute them, NAME being UCSDped1 or UCSDped2:

    NAME/Train/Train001/001.tif ...
    NAME/Test/Test001/001.tif ...
    NAME/Test/NAME.m               per test clip, in order: TestVideoFile{end+1}.gt_frame = [5:90, 140:200];
    NAME/Test/Test001_gt/001.bmp   pixel masks, not black where abnormal (Ped1: of ten clips only)
    NAME/tracks/Test001_gt.txt     what is abnormal, followed, by Ramachandra and Jones (may be absent); may lie beside
                                   the clips, too

or in the common form of `oddframe.datasets.formats.frames`, with `tracks/` in its root. Frames of the `.m` file count
from 1, both ends abnormal.

Ped1: people walk towards the camera and away. 34 training and 36 testing clips, 238 x 158; 10 have masks.
Ped2: people walk across the picture. 16 training and 12 testing clips, 360 x 240; all have masks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats import labels
from oddframe.datasets.formats.boxes import TRACKS, beside
from oddframe.datasets.formats.frames import EXPECTED, framed, opener
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed
from oddframe.errors import DataError

FPS = Fraction(10)
"""Of the recordings; the pictures themselves say nothing."""

_FOLDER = {"training": "Train", "testing": "Test"}


class UCSD(StoredDataSet):
    """Base class of Ped1 and Ped2.

    Args:
        root: the folder NAME, one above it, or that of the common form.
    """

    archive: ClassVar[str]
    """The authors' name of it."""

    citation = "Mahadevan, Li, Bhalodia, Vasconcelos: Anomaly Detection in Crowded Scenes. CVPR 2010"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        below = [self.archive, f"UCSD_Anomaly_Dataset.v1p2/{self.archive}"]
        folder = first_with(self.folder, below, _FOLDER[split])
        found = self._original(folder, split) if folder else framed(self.folder, self.name, split, FPS)
        if not found:
            own = f"{self.archive}/Train/Train001/*.tif, {self.archive}/Test/Test001/*.tif, Test/{self.archive}.m"
            raise misfit(
                folder or self.folder, f"{self.archive} with a {split} split", [own, EXPECTED.format(name=self.name)]
            )
        return found

    def _original(self, folder: Path, split: Split) -> tuple[LabelledVideo, ...]:
        part = folder / _FOLDER[split]
        clips = [clip for clip in entries(part, rf"{_FOLDER[split]}\d+") if clip.is_dir()]
        if split == "training" or not clips:
            return tuple(LabelledVideo(clip.name, split, opener(clip, FPS)) for clip in clips)
        file = part / f"{self.archive}.m"
        ranges = script_ranges(file, [clip.name for clip in clips])
        return tuple(
            LabelledVideo(
                clip.name,
                split,
                opener(clip, FPS),
                labels.from_ranges(file, ranges[clip.name]),
                labels.from_pictures(clip.with_name(f"{clip.name}_gt")),
                beside([folder / TRACKS, part], clip.name),
            )
            for clip in clips
        )


def script_ranges(file: Path, clips: Sequence[str]) -> dict[str, list[labels.Range]]:
    """Read the ranges of the authors' MATLAB script, which is not run.

    Returns:
        Clip -> ranges.

    Raises:
        DataError: missing, damaged, or of another number of clips.
    """
    text = needed(file, "the authors' list of abnormal frames").read_text("latin-1")
    lists = re.findall(r"\.gt_frame\s*=\s*\[([^\]]*)\]", re.sub(r"%.*", "", text))
    if len(lists) != len(clips):
        raise DataError(f"{file}: tells of {len(lists)} clips where there are {len(clips)}; one of them is incomplete")
    return {clip: list(_ranges(file, clip, listed)) for clip, listed in zip(clips, lists, strict=True)}


def _ranges(file: Path, clip: str, listed: str) -> Iterator[labels.Range]:
    for item in re.split(r"[\s,;]+", re.sub(r"\s*:\s*", ":", listed.strip())):
        ends = re.fullmatch(r"(\d+)(?::(\d+))?", item)
        if ends:
            first, last = int(ends[1]), int(ends[2] or ends[1])
            if 1 <= first <= last:
                yield first - 1, last
                continue
        if item:
            raise DataError(f"{file}: clip {clip}: {item!r} is not a range of frames such as 61:180")


class Ped1(UCSD):
    """UCSD Ped1: walkers are normal; bicycles, skateboards, carts and wheelchairs are not.

    Args:
        root: the folder `UCSDped1`, the one above it, or one in the common form (`training/frames/01` ...).
    """

    name = "ped1"
    archive = "UCSDped1"


class Ped2(UCSD):
    """UCSD Ped2: walkers are normal; bicycles, skateboards, carts and wheelchairs are not.

    Args:
        root: the folder `UCSDped2`, the one above it, or one in the common form (`training/frames/01` ...).
    """

    name = "ped2"
    archive = "UCSDped2"
