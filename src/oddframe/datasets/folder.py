"""Video of your own, laid out so that a detector can be fitted and measured on it.

    normal/         videos where nothing anomalous happens: files, or folders of pictures, at any depth
    test/           videos to test on
    labels.csv      video,start,end: when something anomalous is to be seen (optional)

Times are seconds (`72.5`) or clock times (`1:12.5`, `0:01:12.5`) from the video's beginning; the end is the first
moment that is normal again. A video is named by its path below `test`, with or without suffix; a video without a row
is normal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np

from oddframe.datasets.base import LabelledVideo, Labeller, Split
from oddframe.datasets.formats import labels
from oddframe.datasets.formats.frames import opener
from oddframe.datasets.formats.layout import StoredDataSet, misfit
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoInfo, read_clock
from oddframe.video.find import VIDEO_SUFFIXES
from oddframe.video.names import natural
from oddframe.video.picture import pictures_in

ROUNDING = 1
"""Seconds by which a range may reach past the video's end: people write down whole seconds."""

SLACK = 1e-6
"""Seconds by which times that are rounded may differ."""

Times: TypeAlias = tuple[Fraction, Fraction]

_FOLDER = {"training": "normal", "testing": "test"}


@dataclass(frozen=True, repr=False)
class Folder(StoredDataSet):
    """Your own videos: `normal/` to fit on, `test/` to test on, and `labels.csv` with the anomalous times, if known.

    Args:
        root: the folder that holds them.
        fps: frames per second of pictures and of files that state a wrong rate; None = what the files state.
    """

    name = "folder"
    citation = "your own video"

    fps: float | None = None

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        folder = self.folder / _FOLDER[split]
        sources = list(_search(folder)) if folder.is_dir() else []
        if not sources:
            expected = ["normal/ and test/ with videos or folders of pictures, and perhaps labels.csv"]
            raise misfit(self.folder, f"a data set with videos in {folder.name}/", expected)
        names = _names(folder, sources)
        labellers = self._labellers(names, sources) if split == "testing" else {}
        return tuple(
            LabelledVideo(name, split, opener(source, self.fps, name), labellers.get(name))
            for name, source in zip(names, sources, strict=True)
        )

    def _labellers(self, names: Sequence[str], sources: Sequence[Path]) -> dict[str, Labeller]:
        file = self.folder / "labels.csv"
        if not file.exists():
            return {}
        with_suffix = (source.relative_to(self.folder / "test").as_posix() for source in sources)
        known = dict(zip(with_suffix, names, strict=True)) | {name: name for name in names}
        times: dict[str, list[Times]] = {name: [] for name in names}
        for line, (video, start, end) in labels.read_table(file, ("video", "start", "end")):
            if video not in known:
                raise DataError(f"{file}:{line}: there is no video {video!r} in test/; there are {', '.join(names)}")
            times[known[video]].append(times_of(f"{file}:{line}", start, end))
        return {name: from_times(file, ranges) for name, ranges in times.items()}


def from_times(file: Path, times: Sequence[Times]) -> Labeller:
    """Make frame labels from times: True for the frames that begin from the start on and before the end.

    Args:
        file: the table, for messages.
        times: (start, end) in seconds.

    Returns:
        A labeller, which raises DataError where a range ends more than a second after the video.
    """

    def marked(info: VideoInfo) -> BoolArray:
        frames = info.frames or 0
        length = frames / info.fps if info.times is None else Fraction(info.until(frames))
        for _, end in times:
            if end > length + ROUNDING:
                late = float(end - length)
                raise DataError(f"{file}: a range ends {late:.1f} s after video {info.id!r} does; correct its times")
        ends = (tuple(_first_from(info, moment) for moment in pair) for pair in times)
        return labels.from_ranges(file, [(first, last) for first, last in ends])(info)

    return marked


def _first_from(info: VideoInfo, moment: Fraction) -> int:
    """The first frame that begins at a moment or later; one past the last where none does."""
    if info.times is None:
        return min(math.ceil(moment * info.fps), info.frames or 0)
    return int(np.searchsorted(info.times.time, float(moment) - SLACK))


def times_of(where: str, start: str, end: str) -> Times:
    """Read a range of times of a table.

    Args:
        where: file and line, for messages.
        start, end: as written, see `oddframe.types.read_clock`.

    Returns:
        Exact seconds.

    Raises:
        DataError: a text is no time, or the range is empty.
    """
    try:
        times = read_clock(start), read_clock(end)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from None
    if times[0] >= times[1]:
        raise DataError(f"{where}: a range ends after it starts, but this one runs from {start} to {end}")
    return times


def _search(folder: Path) -> Iterator[Path]:
    """Video files, and folders of pictures without any, below a folder."""
    for path in sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural):
        if _is_video(path) or (path.is_dir() and pictures_in(path) and not any(map(_is_video, path.iterdir()))):
            yield path
        elif path.is_dir():
            yield from _search(path)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _names(folder: Path, sources: Sequence[Path]) -> list[str]:
    """Paths below the folder, without suffix where that leaves no two alike."""
    whole = [source.relative_to(folder) for source in sources]
    plain = [(p if source.is_dir() else p.with_suffix("")).as_posix() for p, source in zip(whole, sources, strict=True)]
    twins = Counter(plain)
    return [p.as_posix() if twins[short] > 1 else short for p, short in zip(whole, plain, strict=True)]
