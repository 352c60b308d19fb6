"""ShanghaiTech Campus: 13 scenes, 856 x 480 at 24 frames per second; 330 training and 107 testing videos, with masks.

As the authors distribute it:

    training/videos/01_001.avi ...             SCENE_NUMBER
    testing/frames/01_0014/000.jpg ...
    testing/test_frame_mask/01_0014.npy ...    one value a frame, not 0 where abnormal
    testing/test_pixel_mask/01_0014.npy ...    (frames, height, width), not 0 where abnormal (may be absent)
    tracks/01_0014.txt ...                     tracks of what is abnormal, by Georgescu et al. (may be absent)

or in the common form of `oddframe.datasets.formats.frames`; there, too, labels may be in `test_frame_mask/`, and both
mask folders may lie beside `testing/`. A video without a file among the tracks has none.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from oddframe.datasets.base import LabelledBoxes, LabelledVideo, Labeller, Split
from oddframe.datasets.formats.boxes import TRACKS, from_corners
from oddframe.datasets.formats.frames import EXPECTED, frame_folders, framed, opener
from oddframe.datasets.formats.labels import from_array, from_npy, load_npy
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed
from oddframe.types import VideoInfo

FPS = Fraction(24)
"""Of the recordings; the test pictures themselves say nothing."""

_LABELS, _MASKS = "test_frame_mask", "test_pixel_mask"


class ShanghaiTech(StoredDataSet):
    """ShanghaiTech Campus: walkers are normal; bicycles, carts, running, fighting and jumping are not.

    Args:
        root: the folder with `training` and `testing`, or the one above it.
    """

    name = "shanghaitech"
    citation = "Luo, Liu, Gao: A Revisit of Sparse Coding Based Anomaly Detection in Stacked RNN Framework. ICCV 2017"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        root = first_with(self.folder, ["shanghaitech", "ShanghaiTech"], split) or self.folder
        found = self._training(root) if split == "training" else self._testing(root)
        if not found:
            own = f"training/videos/*.avi, testing/frames/01_0014/*.jpg, testing/{_LABELS}/*.npy"
            raise misfit(root, f"ShanghaiTech with a {split} split", [own, EXPECTED.format(name=self.name)])
        return found

    def _training(self, root: Path) -> tuple[LabelledVideo, ...]:
        files = entries(root / "training" / "videos", r"\d+_\d+\.avi")
        if files:
            return tuple(LabelledVideo(file.stem, "training", opener(file)) for file in files)
        return framed(root, self.name, "training", FPS)

    def _testing(self, root: Path) -> tuple[LabelledVideo, ...]:
        ranges = [root / "labels.csv", root / f"{self.name}.mat"]
        place = first_with(root, ["testing"], _LABELS)
        if place is None and any(file.exists() for file in ranges):
            return framed(root, self.name, "testing", FPS)
        labels, pixels = (place or root / "testing") / _LABELS, first_with(root, ["testing"], _MASKS)
        return tuple(_labelled(folder, labels, pixels, root / TRACKS) for folder in frame_folders(root, "testing"))


def _labelled(folder: Path, labels: Path, pixels: Path | None, tracks: Path) -> LabelledVideo:
    file = needed(labels / f"{folder.name}.npy", f"the labels of test video {folder.name!r}")
    labeller = from_array(file, partial(load_npy, file))
    masker = from_npy(pixels / _MASKS / file.name) if pixels else None
    boxer = partial(_boxes, tracks / f"{folder.name}.txt", labeller) if tracks.is_dir() else None
    return LabelledVideo(folder.name, "testing", opener(folder, FPS), labeller, masker, boxer)


def _boxes(file: Path, labeller: Labeller, info: VideoInfo) -> LabelledBoxes:
    if file.exists() or labeller(info).any():
        return from_corners(file)(info)
    return LabelledBoxes(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
