"""Miniature data sets on disk, packed exactly as the published ones are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oddframe.video import write_image, write_video

SIZE = (16, 24)


def pictures(folder: Path, frames: int, suffix: str = ".jpg", first: int = 0) -> Path:
    """Grey pictures 000, 001, ... (or from another number on)."""
    folder.mkdir(parents=True)
    for index in range(frames):
        write_image(folder / f"{first + index:03}{suffix}", np.full(SIZE, 10 + index, np.uint8))
    return folder


def avi(file: Path, frames: int) -> Path:
    """A small video at 25 frames per second."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_video(file, [np.full((*SIZE, 3), 10 + index, np.uint8) for index in range(frames)], 25)
    return file


def marks(frames: int, abnormal: Sequence[int]) -> np.ndarray[Any, Any]:
    """(F, H, W) uint8 masks: four pixels are 1 in the abnormal frames."""
    masks = np.zeros((frames, *SIZE), np.uint8)
    masks[list(abnormal), 2:4, 5:7] = 1
    return masks


def mask_pictures(folder: Path, frames: int, abnormal: Sequence[int], suffix: str, first: int = 0) -> None:
    folder.mkdir(parents=True)
    for index, mask in enumerate(marks(frames, abnormal)):
        write_image(folder / f"{first + index:03}{suffix}", mask * np.uint8(255))


def cells(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    """A 1 x N MATLAB cell."""
    packed = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        packed[0, index] = value
    return packed


def common_form(root: Path, training: Mapping[str, int], testing: Mapping[str, int]) -> Path:
    """training|testing/frames/NN/NNN.jpg, without labels."""
    for split, videos in (("training", training), ("testing", testing)):
        for name, frames in videos.items():
            pictures(root / split / "frames" / name, frames)
    return root


def features(folder: Path, name: str, array: np.ndarray[Any, Any], split_crops: bool = False) -> None:
    """A feature file; or one a crop, from (segments, crops, values)."""
    folder.mkdir(parents=True, exist_ok=True)
    if not split_crops:
        np.save(folder / f"{name}.npy", array)
        return
    for crop in range(array.shape[1]):
        np.save(folder / f"{name}__{crop}.npy", array[:, crop])
