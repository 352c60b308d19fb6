"""NWPU Campus: 43 scenes at 25 frames per second; 305 training and 242 testing videos, some of them normal.

As the authors distribute it:

    videos/Train/D001_01.avi ...               SCENE_NUMBER
    videos/Test/D001_03.avi ...
    groundtruth/NWPU_Campus_gt.npz             per test video one value a frame, not 0 where abnormal; the file may also
                                               lie beside `videos`, there as `gt.npz`, too

or in the common form of `oddframe.datasets.formats.frames`. Pixels are not labelled.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.frames import EXPECTED, framed, opener
from oddframe.datasets.formats.labels import from_array
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed
from oddframe.errors import DataError

FPS = Fraction(25)
"""Of the recordings, for the form without video files."""

_FOLDER = {"training": "Train", "testing": "Test"}
_TRUTH = ("groundtruth/NWPU_Campus_gt.npz", "NWPU_Campus_gt.npz", "gt.npz")


class NWPU(StoredDataSet):
    """NWPU Campus: what is normal differs from scene to scene; 28 kinds of abnormal event.

    Args:
        root: the folder with `videos` and `groundtruth`, the one above it, or one in the common form.
    """

    name = "nwpu"
    citation = (
        "Cao, Lu, Wang, Zhang: A New Comprehensive Benchmark for Semi-supervised Video Anomaly Detection and"
        " Anticipation. CVPR 2023"
    )

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        root = first_with(self.folder, ["NWPUCampusDataset"], f"videos/{_FOLDER[split]}")
        found = self._original(root, split) if root else framed(self.folder, self.name, split, FPS)
        if not found:
            own = f"videos/Train/*.avi, videos/Test/*.avi, {_TRUTH[0]}"
            raise misfit(
                root or self.folder, f"NWPU Campus with a {split} split", [own, EXPECTED.format(name=self.name)]
            )
        return found

    def _original(self, root: Path, split: Split) -> tuple[LabelledVideo, ...]:
        files = entries(root / "videos" / _FOLDER[split], r"D\d+_\d+\.avi")
        if split == "training" or not files:
            return tuple(LabelledVideo(file.stem, split, opener(file)) for file in files)
        truth = next((root / place for place in _TRUTH if (root / place).exists()), root / _TRUTH[0])
        told = _opened(truth)
        for file in files:
            if file.stem not in told:
                raise DataError(f"{truth}: has no labels for video {file.stem!r}; download it again")
        return tuple(
            LabelledVideo(file.stem, split, opener(file), from_array(truth, partial(_values, truth, file.stem)))
            for file in files
        )


def _opened(file: Path) -> frozenset[str]:
    """The videos that an archive of arrays tells of; the arrays themselves are not read."""
    try:
        with ZipFile(needed(file, "the labels of the test videos")) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, BadZipFile) as error:
        raise DataError(f"{file}: not an archive of arrays ({error}); download it again") from error


def _values(file: Path, video: str) -> npt.NDArray[Any]:
    try:
        with ZipFile(file) as archive, archive.open(f"{video}.npy") as content:
            return np.asarray(np.lib.format.read_array(content, allow_pickle=False))
    except (ValueError, OSError, EOFError, BadZipFile, KeyError) as error:
        raise DataError(f"{file}: the labels of {video!r} cannot be read ({error}); download it again") from error
