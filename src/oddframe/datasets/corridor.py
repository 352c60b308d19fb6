"""IITB Corridor: one corridor, 1920 x 1080; 208 training and 150 testing videos.

As the authors distribute it, in two archives that lie beside one another:

    Train_IITB-Corridor/Train/000001/000001.avi ...
    Test_IITB-Corridor/Test/000209/000209.avi ...
    Test_IITB-Corridor/Test_Annotation/Annotation/000209/000209.npy ...    one value a frame, not 0 where abnormal

(with `_` for `-` in either name, or their content directly in the root), or in the common form of
`oddframe.datasets.formats.frames`, where labels may also be in `groundtruth/000209/000209.npy` or
`anomaly_labels/000209.npy`. A file may hold one value fewer than its video has
frames: its last value then stands for the last frame, too.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Labeller, Split
from oddframe.datasets.formats.frames import EXPECTED, frame_folders, framed, opener
from oddframe.datasets.formats.labels import from_array, load_npy
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed

_FOLDER = {"training": "Train", "testing": "Test"}
_TRUTH = Path("Test_Annotation") / "Annotation"
_COPIES = ("groundtruth", "anomaly_labels")


class Corridor(StoredDataSet):
    """IITB Corridor: walking and standing are normal; running, fighting, loitering, hiding, unattended bags are not.

    Args:
        root: the folder with `Train_IITB-Corridor` and `Test_IITB-Corridor`, either of them, or one in the common form.
    """

    name = "corridor"
    citation = (
        "Rodrigues, Bhargava, Velmurugan, Chaudhuri: Multi-timescale Trajectory Prediction for Abnormal Human Activity"
        " Detection. WACV 2020"
    )

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        part = _FOLDER[split]
        root = first_with(self.folder, [f"{part}_IITB-Corridor", f"{part}_IITB_Corridor"], part)
        found = _original(root, split) if root else self._passed_on(split)
        if not found:
            own = f"Train_IITB-Corridor/Train/000001/*.avi, Test_IITB-Corridor/Test/000209/*.avi, {_TRUTH}/000209/*.npy"
            common = EXPECTED.format(name=self.name)
            raise misfit(root or self.folder, f"IITB Corridor with a {split} split", [own, common])
        return found

    def _passed_on(self, split: Split) -> tuple[LabelledVideo, ...]:
        place = next((self.folder / copy for copy in _COPIES if (self.folder / copy).is_dir()), None)
        if split == "training" or place is None:
            return framed(self.folder, self.name, split, None)
        folders = frame_folders(self.folder, split)
        return tuple(LabelledVideo(one.name, split, opener(one), _labels(place, one.name)) for one in folders)


def _original(root: Path, split: Split) -> tuple[LabelledVideo, ...]:
    files = [file for folder in entries(root / _FOLDER[split], r"\d+") for file in entries(folder, r"\d+\.(avi|mp4)")]
    if split == "training":
        return tuple(LabelledVideo(file.stem, split, opener(file)) for file in files)
    return tuple(LabelledVideo(file.stem, split, opener(file), _labels(root / _TRUTH, file.stem)) for file in files)


def _labels(place: Path, video: str) -> Labeller:
    flat = place / f"{video}.npy"
    file = flat if flat.exists() else needed(place / video / f"{video}.npy", f"the labels of test video {video!r}")
    return from_array(file, partial(load_npy, file), short=1)
