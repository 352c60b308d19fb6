"""CUHK Avenue: a campus path, 640 x 360 at 25 frames per second; 16 training and 21 testing videos, all with masks.

As the authors distribute it, in two archives that may lie inside or beside one another:

    training_videos/01.avi ...
    testing_videos/01.avi ...
    ground_truth_demo/testing_label_mask/1_label.mat ...   a cell `volLabel` with one mask a frame, not 0 where abnormal
    tracks/Test01_gt.txt ...                               tracks of what is abnormal, by Ramachandra and Jones; may be
                                                           absent

or in the common form of `oddframe.datasets.formats.frames`. A frame is abnormal if its mask is anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.boxes import TRACKS, beside
from oddframe.datasets.formats.frames import EXPECTED, framed, opener
from oddframe.datasets.formats.labels import from_array, load_mat
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoInfo

FPS = Fraction(25)
"""Of the recordings, for the form without video files."""

_MASKS = "testing_label_mask"


class Avenue(StoredDataSet):
    """CUHK Avenue: passers-by are normal; running, throwing, loitering and walking the wrong way are not.

    Args:
        root: the folder with `training_videos` and `testing_videos`, the one above it, or one in the common form.
    """

    name = "avenue"
    citation = "Lu, Shi, Jia: Abnormal Event Detection at 150 FPS in MATLAB. ICCV 2013"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        folder = first_with(self.folder, ["Avenue Dataset", "Avenue_Dataset", "avenue"], f"{split}_videos")
        found = self._original(folder, split) if folder else framed(self.folder, self.name, split, FPS)
        if not found:
            own = f"training_videos/*.avi, testing_videos/*.avi, ground_truth_demo/{_MASKS}/*_label.mat"
            raise misfit(
                folder or self.folder, f"CUHK Avenue with a {split} split", [own, EXPECTED.format(name=self.name)]
            )
        return found

    def _original(self, folder: Path, split: Split) -> tuple[LabelledVideo, ...]:
        files = entries(folder / f"{split}_videos", r"\d+\.avi")
        if split == "training":
            return tuple(LabelledVideo(file.stem, split, opener(file)) for file in files)
        places = ["ground_truth_demo", "../ground_truth_demo", "ground_truth_demo/ground_truth_demo"]
        truth = (first_with(folder, places, _MASKS) or folder / "ground_truth_demo") / _MASKS
        tracks = [folder / TRACKS]
        return tuple(_labelled(file, truth / f"{int(file.stem)}_label.mat", tracks) for file in files)


def _labelled(file: Path, truth: Path, tracks: list[Path]) -> LabelledVideo:
    needed(truth, f"the masks of test video {file.stem!r}")
    abnormal, masks = from_array(truth, partial(_abnormal, truth)), partial(_masks, truth)
    return LabelledVideo(file.stem, "testing", opener(file), abnormal, masks, beside(tracks, file.stem))


def _masks(file: Path, _: VideoInfo | None = None) -> Iterator[BoolArray]:
    for index, cell in enumerate(load_mat(file, "volLabel").ravel()):
        if getattr(cell, "ndim", 0) != 2 or cell.dtype.kind not in "buif":
            raise DataError(f"{file}: volLabel has no mask for frame {index}; download it again")
        yield np.asarray(cell != 0, np.bool_)


def _abnormal(file: Path) -> npt.NDArray[Any]:
    return np.array([mask.any() for mask in _masks(file)], np.bool_)
