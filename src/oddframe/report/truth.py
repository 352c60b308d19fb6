"""Ground truth for a report: a table of times, or an array of labels a video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypeAlias

from oddframe.datasets.folder import from_times, times_of
from oddframe.datasets.formats import labels
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoId, VideoInfo

Labels: TypeAlias = Callable[[VideoInfo], Mapping[VideoId, BoolArray]]
"""What is anomalous in a video, by its name; nothing where nobody knows."""


def read_truth(path: Path | None) -> Labels:
    """Read ground truth.

    Args:
        path: a table `video,start,end` of times, as the data set `folder` has, in which a video without a row is
            normal; or a folder with one `NAME.npy` a video, one value a frame. None = there is none.

    Returns:
        A function: a video whose frames are counted -> its name and (F,) whether each frame is anomalous; an empty
        mapping where the truth does not name the video.

    Raises:
        DataError: the file is missing or damaged, or (when a video is asked for) does not fit.
    """
    if path is None:
        return lambda _: {}
    if path.is_dir():
        return partial(_from_folder, path)
    rows = labels.read_table(path, ("video", "start", "end"))
    found: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for line, (video, start, end) in rows:
        found.setdefault(video, []).append(times_of(f"{path}:{line}", start, end))
    return partial(_from_table, path, found)


def _from_folder(folder: Path, info: VideoInfo) -> dict[VideoId, BoolArray]:
    file = folder / f"{info.id}.npy"
    if not file.exists():
        return {}
    return {info.id: labels.from_array(file, partial(labels.load_npy, file))(info)}


def _from_table(
    file: Path, found: Mapping[str, list[tuple[Fraction, Fraction]]], info: VideoInfo
) -> dict[VideoId, BoolArray]:
    named = next((name for name in found if info.id in (name, str(Path(name).with_suffix("")))), None)
    return {info.id: from_times(file, [] if named is None else found[named])(info)}


def check_named(path: Path | None, known: Mapping[VideoId, object]) -> None:
    """Check that the truth names at least one of the videos.

    Args:
        path: as of `read_truth`.
        known: the videos of the report, by name.

    Raises:
        DataError: it names none of them.
    """
    if path is None or not known:
        return
    names = _names(path)
    if names and not any(name in known or str(Path(name).with_suffix("")) in known for name in names):
        named, there = ", ".join(sorted(names)[:5]), ", ".join(list(known)[:5])
        raise DataError(f"{path}: names {named}, but the videos are {there}; use their names")


def _names(path: Path) -> set[str]:
    if path.is_dir():
        return {file.relative_to(path).with_suffix("").as_posix() for file in path.rglob("*.npy")}
    return {video for _, (video, _, _) in labels.read_table(path, ("video", "start", "end"))}
