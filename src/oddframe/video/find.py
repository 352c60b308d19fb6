"""Videos from sources: folders searched, patterns expanded, names made unique, each source opened."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.video.array import ArrayVideo, is_one_video
from oddframe.video.base import ASSUMED_FPS, Rate, Video
from oddframe.video.container import is_address
from oddframe.video.features import FeatureVideo, by_recording, is_feature_file
from oddframe.video.file import FileVideo
from oddframe.video.folder import FolderVideo
from oddframe.video.limits import Limits
from oddframe.video.names import natural, unique_names
from oddframe.video.picture import is_picture, pictures_in
from oddframe.video.tracks import is_tracks, open_tracks

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".dav", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mjpg"}
    | {".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""Suffixes by which videos are recognised in folders and patterns; a file named outright may have any."""

Sources: TypeAlias = "str | Path | Video | npt.NDArray[Any] | Iterable[Any]"


@dataclass(frozen=True, slots=True)
class _Place:
    """A video found on disk: the file or folder that it is named after, and its pictures or feature files, if any."""

    path: Path
    pictures: tuple[Path, ...] = ()
    features: tuple[Path, ...] = ()

    @property
    def is_folder(self) -> bool:
        return self.pictures not in {(), (self.path,)}


def find_videos(
    sources: Sources, *, fps: Rate | None = None, failed: Callable[[VideoError], None] | None = None
) -> list[Video]:
    """Every video that the sources hold, in natural order within each source, each only once.

    A source is a file; a folder; a pattern with `*`, `?`, `[...]` or `**`; a stream's address; an opened `Video`;
    an array; or a sequence of these. A list of pictures is one video. A folder is searched to any depth: one with
    video files gives these (pictures beside them are posters, and left alone), one with only pictures is one video,
    and neither hidden folders nor folders below a folder of pictures are entered. Pictures that a pattern matches
    are one video a folder. Text files of tracks are found where there is nothing else, and feature files (`.npy` and
    `.npz`; `a__0.npy`, `a__1.npy`, ... together) where there is not even that: labels and masks bear the same suffixes.

    A video is named after its file or folder; where two would have the same name, parent folders tell them apart.

    Args:
        sources: where to look.
        fps: replaces what the sources say of their frame rate; opened videos keep theirs.
        failed: is told of each source or video that cannot be read, and the others are given; by default that raises.

    Raises:
        VideoNotFound: a path or pattern with nothing behind it.
        EmptyVideo: a folder without any video, or a video without frames.
        VideoError: something cannot be read; or two opened videos have one id.
    """
    found: list[_Place | Video] = []
    for position, source in enumerate(_each(sources)):
        with _telling(failed):
            found.extend(_look(source, position, fps))
    found = list(dict.fromkeys(found))
    places = [item for item in found if isinstance(item, _Place)]
    names = unique_names([place.path for place in places], [place.is_folder for place in places])
    opened: dict[_Place, Video] = {}
    for place, name in zip(places, names, strict=True):
        with _telling(failed):
            opened[place] = _open(place, fps, name)
    kept = (opened.get(item) if isinstance(item, _Place) else item for item in found)
    return _checked([video for video in kept if video is not None])


@contextmanager
def _telling(failed: Callable[[VideoError], None] | None) -> Iterator[None]:
    try:
        yield
    except VideoError as error:
        if failed is None:
            raise
        failed(error)


def _each(sources: Sources) -> list[Any]:
    if isinstance(sources, str | Path | Video) or is_one_video(sources) or not isinstance(sources, Iterable):
        return [sources]
    if isinstance(sources, Sequence):
        several = list(sources)
    else:
        passing = iter(sources)
        first = next(passing, None)
        if first is not None and not isinstance(first, str | Path | Video):
            return [chain([first], passing)]  # an iterator of frames
        several = [] if first is None else [first, *passing]
    if not several:
        raise VideoNotFound("no sources given; name at least one file or folder")
    return several


def _look(source: Any, position: int, fps: Rate | None) -> Iterator[_Place | Video]:
    if isinstance(source, Video):
        yield source
    elif not isinstance(source, str | Path):
        yield open_video(source, fps=fps, name=f"array-{position}" if position else None)
    elif is_address(str(source)):
        yield open_video(source, fps=fps)
    else:
        yield from _on_disk(_absolute(Path(source).expanduser()))


def _on_disk(path: Path) -> Iterable[_Place]:
    if not path.exists():
        return _matches(path)
    if path.is_dir():
        found = list(_search(path, set()))
        seen = [place for place in found if not is_tracks(place.path)]
        return seen or found or _some(_recordings([path]), path)
    return [_Place(path, (path,) if is_picture(path) else ())]


def _recordings(paths: Iterable[Path]) -> Iterator[_Place]:
    """The recordings of features among the paths, and below those that are folders."""
    files = {file for path in paths for file in ([path] if path.is_file() else _below(path))}
    for recording, crops in by_recording([file for file in files if is_feature_file(file)]).items():
        yield _Place(recording, features=crops)


def _below(folder: Path) -> Iterator[Path]:
    """The files below a folder, hidden folders aside."""
    inside = (path for path in folder.rglob("*") if path.is_file())
    return (path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  links keep their names, `..` does not


def _some(places: Iterable[_Place], folder: Path) -> list[_Place]:
    found = list(places)
    if not found:
        raise EmptyVideo(f"{folder}: holds neither videos nor pictures; put some in, or name another folder")
    return found


def _search(folder: Path, seen: set[Path]) -> Iterator[_Place]:
    seen.add(folder.resolve())
    pictures = tuple(pictures_in(folder))
    entries = sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=natural)
    files = [p for p in entries if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file()]
    if pictures and not files:
        yield _Place(folder, pictures)
        return
    for entry in entries:
        if entry in files or is_tracks(entry):
            yield _Place(entry)
        elif entry.is_dir() and entry.resolve() not in seen:
            yield from _search(entry, seen)


def _matches(pattern: Path) -> Iterator[_Place]:
    text = str(pattern)
    if not glob.has_magic(text):
        raise missing(pattern)
    paths = [_absolute(Path(match)) for match in glob.glob(text, recursive=True)]  # noqa: PTH207  absolute
    found = False
    series: dict[Path, list[Path]] = {}
    for path in sorted(dict.fromkeys(paths), key=natural):
        if is_picture(path) and path.is_file():
            series.setdefault(path.parent, []).append(path)
        elif path.is_dir():
            for place in _search(path, set()):
                found = True
                yield place
        elif path.suffix.lower() in VIDEO_SUFFIXES or is_tracks(path):
            found = True
            yield _Place(path)
    for folder, pictures in series.items():
        yield _Place(folder, tuple(pictures))
    if not found and not series:
        features = list(_recordings(paths))
        yield from features
        found = bool(features)
    if not found and not series:
        raise VideoNotFound(f"{pattern}: no video matches; check the pattern and the folder before it")


def _open(place: _Place, fps: Rate | None, name: str) -> Video:
    if place.pictures:
        return FolderVideo(place.pictures, place.path, fps, name)
    if place.features:
        return FeatureVideo(place.features, fps=fps, name=name)
    return open_video(place.path, fps=fps, name=name)


def _checked(videos: list[Video]) -> list[Video]:
    twice = [id_ for id_, count in Counter(video.info.id for video in videos).items() if count > 1]
    if twice:
        raise VideoError(
            f"two videos are called {twice[0]!r}; open them with open_video(..., name=...) to tell them apart"
        )
    return videos


Source: TypeAlias = "str | Path | Video | npt.NDArray[Any] | Iterable[npt.NDArray[Any]]"


def open_video(source: Source, *, fps: Rate | None = None, name: str | None = None, limits: Limits = Limits()) -> Video:
    """A video from a file, a stream's address, pictures, a text file of tracks, an array, or the caller's frames.

    A file `.npy` or `.npz` holds features, one every 16 frames; `FeatureVideo` takes other numbers, and files of crops.

    Args:
        source: what to read. A `Video` is given back as it is.
        fps: replaces what the source says of its frame rate; needed for pictures and arrays, unless 25 is right.
        name: the video's id; else made from the source.
        limits: of what the source may take.

    Raises:
        VideoNotFound: nothing is there.
        EmptyVideo: there, but without a frame.
        VideoError: it cannot be read, or is none of these.
        SettingsError: an impossible `fps`, or an opened video that is to be renamed or re-timed.
    """
    if isinstance(source, Video):
        return source
    if not isinstance(source, str | Path):
        rate = ASSUMED_FPS if fps is None else fps
        return ArrayVideo(source, rate, name or "array")
    if is_address(str(source)):
        return FileVideo(str(source), fps, name, limits=limits)
    return _from_path(Path(source).expanduser(), fps, name, limits)


def missing(path: Path) -> VideoNotFound:
    """The error for a path where nothing is, naming how far the path does exist."""
    parent = next((p for p in path.absolute().parents if p.exists()), Path(path.absolute().anchor))
    return VideoNotFound(f"{path}: nothing is there; the path exists as far as {parent}, check what follows")


def _from_path(path: Path, fps: Rate | None, name: str | None, limits: Limits) -> Video:
    if path.is_dir():
        return FolderVideo.of_folder(path, fps, name, limits)
    if not path.exists():
        raise missing(path)
    if not path.is_file() and not path.is_char_device():
        raise VideoError(f"{path}: neither a file nor a folder; give a video file or a folder of pictures")
    if is_picture(path):
        return FolderVideo([path], path, fps, name, limits)
    if path.suffix.lower() == ".txt":
        return open_tracks(path, fps, name)
    if is_feature_file(path):
        return FeatureVideo(path, fps=fps, name=name)
    return FileVideo(str(path), fps, name, limits=limits)
