"""The common form, in which most benchmarks are passed on.

training/frames/NN/*.jpg     one folder a video
testing/frames/NN/*.jpg
testing/masks/NN/*.png       or masks/NN/*.png: pixel masks, one a frame, not black where abnormal (may be absent)
tracks/Test001_gt.txt        followed things in testing video 1 (may be absent); see `oddframe.datasets.formats.boxes`
labels.csv                   clip,first_abnormal_frame,end_exclusive: frames from 0 (one row a range)
or NAME.mat                  a cell `gt` with 2 x K first and last abnormal frames per test video, from 1
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Labeller, Masker, Split
from oddframe.datasets.formats import labels
from oddframe.datasets.formats.boxes import TRACKS, beside
from oddframe.datasets.formats.layout import entries, needed
from oddframe.video import Video, open_video
from oddframe.video.base import Rate

EXPECTED = "training/frames/NN/*.jpg, testing/frames/NN/*.jpg, labels.csv or {name}.mat"


def frame_folders(root: Path, split: Split) -> list[Path]:
    """List the folders of the videos of a split, in natural order; none where the root is not in the common form."""
    return [path for path in entries(root / split / "frames", r"[^.].*") if path.is_dir()]


def framed(root: Path, name: str, split: Split, fps: Fraction | None) -> tuple[LabelledVideo, ...]:
    """List the videos of a split in the common form; none where the root is not in this form.

    Args:
        root: the folder with `training` and `testing`.
        name: of the data set, and so of its `.mat` file.
        split: which one.
        fps: frames per second of the pictures; None = an assumed rate.

    Raises:
        DataError: the label file is missing, damaged or made for other videos.
    """
    folders = frame_folders(root, split)
    if split == "training" or not folders:
        return tuple(LabelledVideo(folder.name, split, opener(folder, fps)) for folder in folders)
    labellers = range_labellers(root, name, [folder.name for folder in folders])
    return tuple(
        LabelledVideo(
            folder.name,
            split,
            opener(folder, fps),
            labellers[folder.name],
            mask_pictures(root, folder.name),
            beside([root / TRACKS], folder.name),
        )
        for folder in folders
    )


def opener(source: Path, fps: Rate | None = None, name: str | None = None) -> Callable[[], Video]:
    """Make a function that opens a folder or file.

    Args:
        source: the folder or file.
        fps: frames per second; None = what the file states.
        name: of the video; None = that of the folder, or of the file without suffix.
    """
    return partial(open_video, source, fps=fps, name=name or (source.name if source.is_dir() else source.stem))


def mask_pictures(root: Path, video: str) -> Masker | None:
    """Find the masks of a video in the common form; None where there are none."""
    return labels.from_pictures(root / "testing" / "masks" / video) or labels.from_pictures(root / "masks" / video)


def range_labellers(root: Path, name: str, videos: list[str]) -> dict[str, Labeller]:
    """Read the ranges of `labels.csv`, or else of `NAME.mat`.

    Returns:
        Video -> labeller.

    Raises:
        DataError: there is neither, or it is damaged or made for other videos.
    """
    table, cells = root / "labels.csv", root / f"{name}.mat"
    if cells.exists() and not table.exists():
        file, ranges = cells, labels.cell_ranges(cells, videos)
    else:
        needed(table, f"the test labels, which may also be in {cells.name}")
        file, ranges = table, labels.table_ranges(table, videos)
    return {video: labels.from_ranges(file, ranges[video]) for video in videos}
