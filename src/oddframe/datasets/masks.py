"""Pixel masks from the forms in which they are published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oddframe.datasets.base import Masker
from oddframe.datasets.labels import load_npy
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoInfo
from oddframe.video.folder import pictures_in
from oddframe.video.pictures import read_image


def from_pictures(folder: Path) -> Masker | None:
    """Masks from a folder with one picture a frame; anything but black is abnormal. None if there is no folder."""

    def masks(_: VideoInfo) -> Iterator[BoolArray]:
        for picture in pictures_in(folder):
            yield np.asarray(read_image(picture).any(2), np.bool_)

    return masks if folder.is_dir() else None


def from_npy(file: Path) -> Masker | None:
    """Masks from an array (F, H, W), read frame by frame; anything but 0 is abnormal. None if there is no file."""

    def masks(_: VideoInfo) -> Iterator[BoolArray]:
        frames = load_npy(file, mapped=True)
        if frames.ndim != 3:
            raise DataError(f"{file}: masks are (frames, height, width), not {frames.shape}; download it again")
        for frame in frames:
            yield np.asarray(frame != 0, np.bool_)

    return masks if file.is_file() else None
