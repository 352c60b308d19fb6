"""One source, one video."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt

from oddframe.errors import VideoError, VideoNotFound
from oddframe.video.array import ArrayVideo
from oddframe.video.base import Video
from oddframe.video.container import is_address
from oddframe.video.features import FeatureVideo, is_feature_file
from oddframe.video.file import FileVideo
from oddframe.video.folder import FolderVideo
from oddframe.video.mot import open_tracks
from oddframe.video.pictures import is_picture
from oddframe.video.rates import ASSUMED_FPS, Rate

Source: TypeAlias = "str | Path | Video | npt.NDArray[Any] | Iterable[npt.NDArray[Any]]"


def open_video(source: Source, *, fps: Rate | None = None, name: str | None = None) -> Video:
    """A video from a file, a stream's address, pictures, a text file of tracks, an array, or the caller's frames.

    A file `.npy` or `.npz` holds features, one every 16 frames; `FeatureVideo` takes other numbers, and files of crops.

    Args:
        source: what to read. A `Video` is given back as it is.
        fps: replaces what the source says of its frame rate; needed for pictures and arrays, unless 25 is right.
        name: the video's id; else made from the source.

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
        return FileVideo(str(source), fps, name)
    return _from_path(Path(source).expanduser(), fps, name)


def missing(path: Path) -> VideoNotFound:
    """The error for a path where nothing is, naming how far the path does exist."""
    parent = next((p for p in path.absolute().parents if p.exists()), Path(path.absolute().anchor))
    return VideoNotFound(f"{path}: nothing is there; the path exists as far as {parent}, check what follows")


def _from_path(path: Path, fps: Rate | None, name: str | None) -> Video:
    if path.is_dir():
        return FolderVideo.of_folder(path, fps, name)
    if not path.exists():
        raise missing(path)
    if not path.is_file() and not path.is_char_device():
        raise VideoError(f"{path}: neither a file nor a folder; give a video file or a folder of pictures")
    if is_picture(path):
        return FolderVideo([path], path, fps, name)
    if path.suffix.lower() == ".txt":
        return open_tracks(path, fps, name)
    if is_feature_file(path):
        return FeatureVideo(path, fps=fps, name=name)
    return FileVideo(str(path), fps, name)
