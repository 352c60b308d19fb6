"""Base class of data sets with video-level labels, whose recordings are read as videos or as features."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Labeller, Split
from oddframe.datasets.formats.frames import framed, opener
from oddframe.datasets.formats.layout import StoredDataSet
from oddframe.errors import DataError, SettingsError
from oddframe.video import FeatureVideo, Video
from oddframe.video.features import by_recording, is_feature_file
from oddframe.video.find import VIDEO_SUFFIXES
from oddframe.video.names import natural

Files = Mapping[str, Sequence[tuple[Path, ...]]]
"""Name of a video -> what lies under it: usually one file, or one file a crop; more where copies lie about."""

_ADDED = re.compile(r"(\.(mp4|avi))?(_i3d)?(\.(mp4|avi))?$")
"""What feature files have in their names after that of the video: `Abuse001_x264_i3d.npy`, `Abuse001_x264.mp4.npy`."""


@dataclass(frozen=True, repr=False)
class WeakDataSet(StoredDataSet):
    """A data set whose training videos have one label each.

    Args:
        root: the folder; the docstring of the module says what it must hold.
        features: the folder below `root` with feature files, "." for all of `root`; None = the videos are read.
        segment: frames that a feature stands for. Labels may reach as far past the end of a recording, and are cut
            there, as features leave out what does not fill a segment.

    Raises:
        SettingsError: a segment without frames.
    """

    features: str | None = None
    segment: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.segment < 1:
            raise SettingsError(f"{self.name}: segment is at least 1, not {self.segment}")
        object.__setattr__(self, "medium", "pictures" if self.features is None else "features")

    @property
    def recordings(self) -> Path:
        """The folder with the videos or feature files."""
        return self.folder / (self.features or "")

    def opener(self, files: tuple[Path, ...], name: str, fps: Fraction) -> Callable[[], Video]:
        """Make a function that opens a video, or the features of one at this frame rate."""
        if self.features is None:
            return opener(files[0], name=name)
        return partial(FeatureVideo, files, segment=self.segment, fps=fps, name=name)

    def passed_on(self, split: Split, fps: Fraction, abnormal: Callable[[str], bool]) -> tuple[LabelledVideo, ...]:
        """List the videos of a split in the common form, whose folders have their names."""
        if self.features is not None:
            return ()
        return tuple(
            LabelledVideo(video.name, split, video.opener, video.labeller, video.masker, label=abnormal(video.name))
            for video in framed(self.folder, self.name, split, fps)
        )

    def files(self, folders: Iterable[Path], leave_out: str = "(?!)") -> Files:
        """List the videos or feature files below some folders, except in folders whose names match `leave_out`."""
        found: dict[str, list[tuple[Path, ...]]] = {}
        for folder in folders:
            below = (path for path in folder.rglob("*") if not _within(path, folder, leave_out) and path.is_file())
            for file, parts in self._grouped(below).items():
                name = file.stem if self.features is None else _ADDED.sub("", file.stem)
                found.setdefault(name, []).append(parts)
        return found

    def _grouped(self, files: Iterable[Path]) -> Mapping[Path, tuple[Path, ...]]:
        if self.features is not None:
            return by_recording([file for file in files if is_feature_file(file)])
        return {file: (file,) for file in files if file.suffix.lower() in VIDEO_SUFFIXES}


def only(files: Files, name: str, listed: Path) -> tuple[Path, ...]:
    """Return the files of one video.

    Args:
        files: of all videos.
        name: of the video.
        listed: the file that names the video, for messages.

    Raises:
        DataError: there are none, or several copies.
    """
    found = files.get(name, ())
    if not found:
        raise DataError(f"{listed}: names {name!r}, which is missing; download it, or take it off the list")
    if len(found) > 1:
        raise DataError(f"{name!r} is there {len(found)} times, as {found[0][0]} and {found[1][0]}; keep one of them")
    return found[0]


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names in natural order."""
    return sorted(names, key=lambda name: natural(Path(name)))


def labelled(
    name: str, split: Split, opening: Callable[[], Video], abnormal: bool, labeller: Labeller | None
) -> LabelledVideo:
    """Make a video with its video-level label, and with frame labels where it is one to test on."""
    return LabelledVideo(name, split, opening, labeller if split == "testing" else None, label=abnormal)


def _within(path: Path, folder: Path, leave_out: str) -> bool:
    parts = path.relative_to(folder).parts[:-1]
    return path.name.startswith(".") or any(part.startswith(".") or re.fullmatch(leave_out, part) for part in parts)
