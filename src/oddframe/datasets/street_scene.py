"""Street Scene: a two-lane street with bicycle lanes and pavements, 1280 x 720 pictures at 15 per second.

As the authors distribute it, 46 training and 35 testing sequences:

    Train/Train001/001.jpg ...
    Test/Test001/001.jpg ...
    Test/Test001/Test001_gt.txt    rows PICTURE TRACK X Y WIDTH HEIGHT: each abnormal thing in each frame that it is in

or in the common form of `oddframe.datasets.formats.frames`. A frame is abnormal if a row names its picture; pictures
count from 1, and X Y is the centre of a box.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.boxes import centre_rows, from_centres
from oddframe.datasets.formats.frames import EXPECTED, framed, opener
from oddframe.datasets.formats.labels import from_ranges
from oddframe.datasets.formats.layout import StoredDataSet, entries, first_with, misfit, needed
from oddframe.types import BoolArray, VideoInfo

FPS = Fraction(15)
"""Of the recordings; the pictures themselves say nothing."""

_FOLDER = {"training": "Train", "testing": "Test"}


class StreetScene(StoredDataSet):
    """Street Scene: traffic in its lanes is normal; jaywalking, loitering, U-turns and bikes on the pavement are not.

    Args:
        root: the folder with `Train` and `Test`, the one above it, or one in the common form.
    """

    name = "street-scene"
    citation = (
        "Ramachandra, Jones: Street Scene: A New Dataset and Evaluation Protocol for Video Anomaly Detection. WACV 2020"
    )

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        root = first_with(self.folder, ["StreetScene", "Street Scene"], _FOLDER[split])
        found = self._original(root, split) if root else framed(self.folder, self.name, split, FPS)
        if not found:
            own = "Train/Train001/*.jpg, Test/Test001/*.jpg, Test/Test001/Test001_gt.txt"
            raise misfit(
                root or self.folder, f"Street Scene with a {split} split", [own, EXPECTED.format(name=self.name)]
            )
        return found

    def _original(self, root: Path, split: Split) -> tuple[LabelledVideo, ...]:
        part = _FOLDER[split]
        clips = [clip for clip in entries(root / part, rf"{part}\d+") if clip.is_dir()]
        if split == "training":
            return tuple(LabelledVideo(clip.name, split, opener(clip, FPS)) for clip in clips)
        return tuple(_labelled(clip) for clip in clips)


def _labelled(clip: Path) -> LabelledVideo:
    file = needed(clip / f"{clip.name}_gt.txt", f"the abnormal things of test video {clip.name!r}")
    return LabelledVideo(clip.name, "testing", opener(clip, FPS), partial(_abnormal, file), boxer=from_centres(file))


def _abnormal(file: Path, info: VideoInfo) -> BoolArray:
    """Read only now: the rows are many."""
    frames = {frame for frame, *_ in centre_rows(file)}
    return from_ranges(file, [(frame, frame + 1) for frame in frames])(info)
