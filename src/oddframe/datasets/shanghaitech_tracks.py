"""ShanghaiTech Campus without its pixels: the tracks of people, 13 scenes, 856 x 480 at 24 frames per second.

As arrays:

    train.npz, test.npz    names (V,); per box: video (its place in names), frame (from 0), track, x0, y0, x1, y1
    test_labels.npz        NAME -> (F,) not 0 where abnormal; F is the length of that test video
    weak_split.csv         video,split,abnormal: "train" or "test", 0 or 1 (for `weak`)

or as text files of the MOTChallenge, with an optional `seqinfo.ini` in both folders:

    training/01_001.txt ...
    testing/01_0014.txt ...
    test_labels.npz or labels.csv    the latter: clip,first_abnormal_frame,end_exclusive, frames from 0
    weak_split.csv

A video without labels is as long as its last tracked frame says, unless a `seqinfo.ini` knows better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from oddframe.datasets.base import SPLITS, LabelledVideo, Labeller, Split
from oddframe.datasets.formats import labels
from oddframe.datasets.formats.layout import StoredDataSet, entries, misfit, needed
from oddframe.datasets.formats.track_arrays import NamedArrays, TrackArrays
from oddframe.errors import DataError
from oddframe.types import VideoInfo
from oddframe.video import Video, open_tracks

FPS = 24
SIZE = (856, 480)
"""Width and height."""

_ARRAYS = {"training": "train.npz", "testing": "test.npz"}
_LABELS, _WEAK = "test_labels.npz", "weak_split.csv"


@dataclass(frozen=True, repr=False)
class ShanghaiTechTracks(StoredDataSet):
    """ShanghaiTech Campus as tracks of people: their motion, shape and place, and no pixels.

    About a tenth of the test frames hold no box. They get the score of a frame without observations: the lowest score
    of held-out normal observations.

    Args:
        root: the folder with the arrays or the text files; the docstring of the module says what it must hold.
        weak: split anew for weak labels (Zhong and others, CVPR 2019): 238 training videos, 63 of them abnormal, and
            199 testing videos. `LabelledVideo.label` says which.
    """

    name = "shanghaitech-tracks"
    medium = "tracks"
    citation = "Luo, Liu, Gao: A Revisit of Sparse Coding Based Anomaly Detection in Stacked RNN Framework. ICCV 2017"

    weak: bool = False

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        if not self.weak:
            return self._original(split)
        videos = {video.name: video for part in SPLITS for video in self._original(part)}
        file = self.folder / _WEAK
        return tuple(_weakly(file, videos, name, split, odd) for name, odd in _parts(file, videos)[split].items())

    def _original(self, split: Split) -> tuple[LabelledVideo, ...]:
        openers = self._openers(split)
        if not openers:
            texts = "training/01_001.txt, testing/01_0014.txt, labels.csv"
            arrays = f"{', '.join(_ARRAYS.values())}, {_LABELS}"
            raise misfit(self.folder, f"tracks of ShanghaiTech with a {split} split", [arrays, texts])
        if split == "training":
            return tuple(LabelledVideo(name, split, partial(opener, None)) for name, opener in openers.items())
        return self._labelled(openers)

    def _labelled(self, openers: dict[str, _Opener]) -> tuple[LabelledVideo, ...]:
        file, table = self.folder / _LABELS, self.folder / "labels.csv"
        if table.exists() and not file.exists():
            ranges = labels.table_ranges(table, list(openers))
            labellers = {name: labels.from_ranges(table, ranges[name]) for name in openers}
            return tuple(
                LabelledVideo(name, "testing", partial(opener, None), labellers[name])
                for name, opener in openers.items()
            )
        given = NamedArrays(needed(file, "the labels of all test videos, which may also be in labels.csv"))
        return tuple(
            LabelledVideo(
                name,
                "testing",
                partial(opener, partial(_length, given, name)),
                labels.from_array(file, partial(given.array, name)),
            )
            for name, opener in openers.items()
        )

    def _openers(self, split: Split) -> dict[str, _Opener]:
        """Video -> what opens it once told where its length is known; none where the folder is packed otherwise."""
        file = self.folder / _ARRAYS[split]
        if file.exists():
            arrays = TrackArrays(file, SIZE, FPS)
            return {name: partial(_from_arrays, arrays, name) for name in arrays.names()}
        texts = entries(self.folder / split, r"[^.].*\.txt")
        return {text.stem: partial(_from_text, text) for text in texts}


Length = Callable[[], int]
_Opener = Callable[[Length | None], Video]


def _from_arrays(arrays: TrackArrays, name: str, length: Length | None) -> Video:
    return arrays.open(name, length() if length else 0)


def _from_text(file: Path, length: Length | None) -> Video:
    own = file.with_name("seqinfo.ini").exists()
    video = open_tracks(file, fps=None if own else FPS, size=None if own else SIZE)
    frames = length() if length else 0
    if frames <= video.count():
        return video
    return open_tracks(file, fps=None if own else FPS, size=None if own else SIZE, frames=frames)


def _length(given: NamedArrays, name: str) -> int:
    return given.array(name).size


def _parts(file: Path, videos: dict[str, LabelledVideo]) -> dict[Split, dict[str, bool]]:
    """Split -> video -> whether it is abnormal."""
    parts: dict[Split, dict[str, bool]] = {"training": {}, "testing": {}}
    splits: dict[str, Split] = {"train": "training", "test": "testing"}
    for line, (name, part, odd) in labels.read_table(file, ("video", "split", "abnormal")):
        if name not in videos:
            raise DataError(f"{file}:{line}: there is no video {name!r}; there are {len(videos)} others")
        if part not in splits or odd not in {"0", "1"}:
            raise DataError(f"{file}:{line}: {name},{part},{odd}: a video is in train or test, and abnormal 0 or 1")
        parts[splits[part]][name] = odd == "1"
    return parts


def _weakly(file: Path, videos: dict[str, LabelledVideo], name: str, split: Split, odd: bool) -> LabelledVideo:
    """A video in its new split. Of training videos, nobody may see more than whether they are abnormal."""
    video = videos[name]
    labeller: Labeller | None = None
    if split == "testing":
        labeller = video.labeller or (_refused(file) if odd else _all_normal)
    return LabelledVideo(name, split, video.opener, labeller, label=odd)


def _all_normal(info: VideoInfo) -> npt.NDArray[np.bool_]:
    return np.zeros(info.frames or 0, np.bool_)


def _refused(file: Path) -> Labeller:
    def labeller(info: VideoInfo) -> npt.NDArray[np.bool_]:
        raise DataError(f"{file}: calls {info.id} abnormal and puts it in test, but nobody labelled its frames")

    return labeller
