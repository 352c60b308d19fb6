"""UBnormal: 29 rendered scenes at 30 frames per second, with normal and abnormal videos in every split.

As the authors distribute it, NAME being normal_scene_S_scenario_N or abnormal_scene_S_scenario_N with any ending:

    SceneS/NAME.mp4
    SceneS/NAME_annotations/NAME_tracks.txt        rows object,first,last: when an object is abnormal, from 0, both ends
    SceneS/NAME_annotations/NAME_0000_gt.png ...   in every pixel the number of its object
    scripts/normal_training_video_names.txt        and so on: which videos a split has, one name a line; these lists may
                                                   also lie beside the scenes

Training videos are the normal ones of the authors' training split, testing videos all of their test split: the
one-class protocol. Their validation split and their abnormal training videos are left out. Or in the common form of
`oddframe.datasets.formats.frames`, as you split it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.frames import EXPECTED, framed, opener
from oddframe.datasets.formats.labels import Range, from_ranges
from oddframe.datasets.formats.layout import StoredDataSet, first_with, misfit, needed
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoInfo
from oddframe.video.names import natural
from oddframe.video.picture import read_image

FPS = Fraction(30)
"""Of the recordings, for the form without video files."""

_LISTS = {
    "training": ("normal_training_video_names.txt",),
    "testing": ("normal_test_video_names.txt", "abnormal_test_video_names.txt"),
}


class UBnormal(StoredDataSet):
    """UBnormal: walking and talking are normal; falling, fighting, stealing, crashes and fire are not.

    Args:
        root: the folder with `Scene1` ... `Scene29`, the one above it, or one in the common form.
    """

    name = "ubnormal"
    citation = (
        "Acsintoae, Florescu, Georgescu, Mare, Sumedrea, Ionescu, Khan, Shah: UBnormal: New Benchmark for Supervised"
        " Open-Set Video Anomaly Detection. CVPR 2022"
    )

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        root = first_with(self.folder, ["UBnormal"], "Scene1")
        if root is None:
            found = framed(self.folder, self.name, split, FPS)
            if not found:
                own = "Scene1/*.mp4 ..., scripts/normal_training_video_names.txt ..."
                raise misfit(self.folder, "UBnormal", [own, EXPECTED.format(name=self.name)])
            return found
        place = first_with(root, ["scripts"], _LISTS[split][0]) or root / "scripts"
        names = [name for file in _LISTS[split] for name in _listed(place / file)]
        return tuple(_labelled(_video(root, name), split) for name in sorted(names, key=lambda n: natural(Path(n))))


def _listed(file: Path) -> list[str]:
    """The names in one of the authors' lists."""
    return needed(file, "the authors' list of videos").read_text("utf-8", "replace").split()


def _video(root: Path, name: str) -> Path:
    scene = re.match(r"(?:ab)?normal_scene_(\d+)_", name)
    if not scene:
        raise DataError(
            f"{root}: the lists name a video {name!r}; names begin with normal_scene_1_ or abnormal_scene_1_"
        )
    return needed(root / f"Scene{scene[1]}" / f"{name}.mp4", "a video that the authors' lists name")


def _labelled(video: Path, split: Split) -> LabelledVideo:
    if split == "training":
        return LabelledVideo(video.stem, split, opener(video))
    if video.stem.startswith("normal"):
        return LabelledVideo(video.stem, split, opener(video), from_ranges(video, ()), _nothing)
    annotations = video.with_name(f"{video.stem}_annotations")
    file = needed(
        annotations / f"{video.stem}_tracks.txt", f"when the objects of test video {video.stem!r} are abnormal"
    )
    tracks = _tracks(file)
    labeller = from_ranges(file, [range_ for _, range_ in tracks])
    return LabelledVideo(video.stem, split, opener(video), labeller, partial(_masks, annotations, tracks))


def _tracks(file: Path) -> list[tuple[int, Range]]:
    """Object -> abnormal range, a row each."""
    lines = file.read_text("utf-8", "replace").splitlines()
    return [_track(f"{file}:{number}", line) for number, line in enumerate(lines, 1) if line.strip()]


def _track(where: str, line: str) -> tuple[int, Range]:
    try:
        thing, first, last = (int(float(value)) for value in line.split(","))
    except (ValueError, OverflowError):
        raise DataError(f"{where}: a row is object,first,last, not {line!r}; download it again") from None
    if not 0 <= first <= last:
        raise DataError(f"{where}: a range runs from its first to its last frame, not from {first} to {last}")
    return thing, (first, last + 1)


def _masks(annotations: Path, tracks: list[tuple[int, Range]], info: VideoInfo) -> Iterator[BoolArray]:
    """Pictures are read only of frames in which something is abnormal."""
    empty = np.zeros((info.height, info.width), np.bool_)
    empty.flags.writeable = False
    for frame in range(info.frames or 0):
        abnormal = [thing for thing, (first, end) in tracks if first <= frame < end]
        if abnormal:
            picture = annotations / f"{info.id}_{frame:04}_gt.png"
            objects = read_image(needed(picture, "the objects of an abnormal frame"))[:, :, 0]
            yield np.isin(objects, abnormal)
        else:
            yield empty


def _nothing(info: VideoInfo) -> Iterator[BoolArray]:
    return _masks(Path(), [], info)
