"""Videos from sources: folders searched, patterns expanded, names made unique, each source opened."""

from __future__ import annotations

import glob
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt

from oddframe.errors import EmptyVideo, OddframeWarning, VideoError, VideoNotFound
from oddframe.video.array import ArrayVideo, is_one_video
from oddframe.video.base import ASSUMED_FPS, Rate, Video
from oddframe.video.container import is_address
from oddframe.video.features import FeatureVideo, by_recording, is_feature_file
from oddframe.video.file import FileVideo
from oddframe.video.folder import FolderVideo
from oddframe.video.joined import join_videos
from oddframe.video.limits import Limits
from oddframe.video.names import natural, unique_names
from oddframe.video.picture import is_picture, pictures_in
from oddframe.video.starts import start_in_name
from oddframe.video.tracks import is_tracks, open_tracks

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".dav", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mjpg"}
    | {".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""Suffixes by which videos are recognised in folders and patterns; a file named outright may have any."""

Failed: TypeAlias = Callable[[VideoError], None]

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

    def mark(self) -> object:
        """Equal for two places that hold the same file."""
        if self.pictures or self.features:
            return self
        try:
            found = self.path.stat()
        except OSError:
            return self
        return found.st_dev, found.st_ino


def find_videos(
    sources: Sources,
    *,
    fps: Rate | None = None,
    starts: str | None = None,
    failed: Failed | None = None,
    join: bool = False,
    limits: Limits = Limits(),
) -> list[Video]:
    """Find every video that the sources hold, in natural order within each source, each only once.

    A source is a file; a folder; a pattern with `*`, `?`, `[...]` or `**`; a stream's address; an opened `Video`;
    an array; or a sequence of these. A list of pictures is one video. A folder is searched to any depth: one with
    video files gives these (pictures beside them are posters, and left alone), one with only pictures is one video,
    and neither hidden folders nor folders below a folder of pictures are entered. Pictures that a pattern matches
    are one video a folder. Text files of tracks are found where there is nothing else, and feature files (`.npy` and
    `.npz`; `a__0.npy`, `a__1.npy`, ... together) where there is not even that: labels and masks bear the same suffixes.
    A link to a file that is found as well is no second video; pipes, sockets and devices in a folder are none.

    A video is named after its file or folder; where two would have the same name, parent folders tell them apart.
    Files and pictures are opened when something of them is wanted, so a bad one is noticed then.

    Args:
        sources: where to look.
        fps: replaces what the sources say of their frame rate; opened videos keep theirs.
        starts: how the names of files and folders tell when a recording starts, as `datetime.strptime` takes it; one
            whose name does not tell it gives a warning. None = what the files' metadata say, if anything.
        failed: called with the error of each source that cannot be searched or read, and the others are given; None =
            it is raised.
        join: whether the videos of a folder or a pattern, and all files that are named, are segments of one recording
            each (`join_videos`).
        limits: of what a file may take.

    Raises:
        VideoNotFound: a path or pattern with nothing behind it, or a link to a file that is gone.
        EmptyVideo: a folder without any video.
        VideoError: something cannot be read; or two opened videos have one id.
    """
    found: list[_Place | Video] = []
    groups: dict[_Place | Video, int] = {}
    for position, source in enumerate(_each(sources)):
        with _reporting(failed):
            for item in _look(source, position, fps, failed, limits):
                found.append(item)
                groups.setdefault(item, 0 if _is_single(source) else position + 1)
    found = _once(found)
    places = [item for item in found if isinstance(item, _Place)]
    names = unique_names([place.path for place in places], [place.is_folder for place in places])
    opened: dict[_Place, Video] = {}
    for place, name in zip(places, names, strict=True):
        with _reporting(failed):
            opened[place] = _started(_open(place, fps, name, limits), place.path, starts)
    pairs = [(item, opened.get(item) if isinstance(item, _Place) else item) for item in found]
    videos = _checked([video for _, video in pairs if video is not None])
    if not join:
        return videos
    together: dict[int, list[Video]] = {}
    for item, video in pairs:
        if video is not None:
            together.setdefault(groups[item], []).append(video)
    return [_joined(parts) for parts in together.values()]


def _is_single(source: Any) -> bool:
    """Whether a source is one file, and not something that may hold many."""
    return isinstance(source, str | Path) and Path(source).expanduser().is_file()


def _joined(parts: list[Video]) -> Video:
    if len(parts) == 1:
        return parts[0]
    folders = {Path(part.source).parent for part in parts}
    return join_videos(parts, folders.pop().name if len(folders) == 1 else parts[0].id)


def _once(found: list[_Place | Video]) -> list[_Place | Video]:
    """Each only once, and of a file and links to it the file."""
    known: dict[object, _Place | Video] = {}
    for item in found:
        mark = item.mark() if isinstance(item, _Place) else item
        if mark not in known or (isinstance(item, _Place) and _is_link(known[mark]) and not _is_link(item)):
            known[mark] = item
    return [item for item in dict.fromkeys(found) if item in set(known.values())]


def _is_link(item: _Place | Video) -> bool:
    return isinstance(item, _Place) and item.path.is_symlink()


def _started(video: Video, path: Path, starts: str | None) -> Video:
    if starts is None:
        return video
    found = start_in_name(path, starts)
    if found is None:
        text = f"{path}: its name does not tell when it starts, as {starts!r} says; its events have no date and time"
        warnings.warn(text, OddframeWarning, stacklevel=4)
    return video.starting(found)


@contextmanager
def _reporting(failed: Failed | None) -> Iterator[None]:
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


def _look(
    source: Any, position: int, fps: Rate | None, failed: Failed | None, limits: Limits
) -> Iterator[_Place | Video]:
    if isinstance(source, Video):
        yield source
    elif not isinstance(source, str | Path):
        yield open_video(source, fps=fps, name=f"array-{position}" if position else None)
    elif is_address(str(source)):
        yield open_video(source, fps=fps, limits=limits)
    else:
        yield from _on_disk(_absolute(Path(source).expanduser()), failed)


def _on_disk(path: Path, failed: Failed | None) -> Iterable[_Place]:
    if not path.exists():
        return _matches(path, failed)
    if path.is_dir():
        found = list(_search(path, set(), failed))
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


def _search(folder: Path, seen: set[Path], failed: Failed | None) -> Iterator[_Place]:
    seen.add(folder.resolve())
    with _reporting(failed):
        entries = _listed(folder)
        videos = {entry.name for entry in entries if _may_be_video(entry)}
        pictures = () if videos else tuple(pictures_in(folder))
        if pictures:
            yield _Place(folder, pictures)
            return
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir():
                if path.resolve() not in seen:
                    yield from _search(path, seen, failed)
            elif entry.name in videos:
                with _reporting(failed):
                    yield _there(path) if entry.is_symlink() else _Place(path)
            elif is_tracks(path):
                yield _Place(path)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, in natural order; hidden names are left out."""
    try:
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise VideoError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
    return sorted(shown, key=lambda entry: natural(Path(entry.name)))


def _may_be_video(entry: os.DirEntry[str]) -> bool:
    """Whether the name is a video's; what lies there is a file, or a link that may lead to one."""
    if Path(entry.name).suffix.lower() not in VIDEO_SUFFIXES:
        return False
    return entry.is_file() or (entry.is_symlink() and not (Path(entry.path).exists() or entry.is_dir()))


def _there(link: Path) -> _Place:
    if not link.exists():
        raise VideoNotFound(f"{link}: a link to a file that is gone; copy the file again, or remove the link")
    return _Place(link)


def _matches(pattern: Path, failed: Failed | None) -> Iterator[_Place]:
    if pattern.is_symlink():
        _there(pattern)
    if not glob.has_magic(str(pattern)):
        raise missing(pattern)
    paths = [_absolute(Path(match)) for match in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207  absolute
    found = list(_matched(sorted(dict.fromkeys(paths), key=natural), failed)) or list(_recordings(paths))
    if not found:
        raise VideoNotFound(f"{pattern}: no video matches; check the pattern and the folder before it")
    yield from found


def _matched(paths: Iterable[Path], failed: Failed | None) -> Iterator[_Place]:
    series: dict[Path, list[Path]] = {}
    for path in paths:
        if is_picture(path) and path.is_file():
            series.setdefault(path.parent, []).append(path)
        elif path.is_dir():
            yield from _search(path, set(), failed)
        elif (path.suffix.lower() in VIDEO_SUFFIXES and (path.is_file() or path.is_symlink())) or is_tracks(path):
            with _reporting(failed):
                yield _there(path)
    for folder, pictures in series.items():
        yield _Place(folder, tuple(pictures))


def _open(place: _Place, fps: Rate | None, name: str, limits: Limits) -> Video:
    if place.pictures:
        return FolderVideo(place.pictures, place.path, fps, name, limits, later=True)
    if place.features:
        return FeatureVideo(place.features, fps=fps, name=name, limits=limits)
    if is_file_video(place.path):
        return FileVideo(str(place.path), fps, name, limits=limits, later=True)
    return open_video(place.path, fps=fps, name=name, limits=limits)


def _checked(videos: list[Video]) -> list[Video]:
    twice = [id_ for id_, count in Counter(video.id for video in videos).items() if count > 1]
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
    if not path.is_file():
        raise VideoError(f"{path}: neither a file nor a folder; give a video file or a folder of pictures")
    if is_picture(path):
        return FolderVideo([path], path, fps, name, limits)
    if path.suffix.lower() == ".txt":
        return open_tracks(path, fps, name, limits=limits)
    if is_feature_file(path):
        return FeatureVideo(path, fps=fps, name=name, limits=limits)
    return FileVideo(str(path), fps, name, limits=limits)


def is_file_video(path: Path) -> bool:
    """Whether a path is read by `FileVideo`."""
    return path.is_file() and not (is_picture(path) or is_feature_file(path) or path.suffix.lower() == ".txt")
