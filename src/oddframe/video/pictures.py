"""Pictures from files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.types import ImageArray

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


def is_picture(path: Path) -> bool:
    """Whether the name says that it is a picture; hidden files never are."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def read_image(path: Path) -> ImageArray:
    """A picture file as (H, W, 3) uint8 RGB, upright.

    Grey becomes three equal channels, 16 bits become their upper 8, alpha is dropped.

    Raises:
        VideoNotFound: no such file.
        EmptyVideo: the file holds nothing.
        VideoError: it is no picture, or a damaged one.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except FileNotFoundError:
        raise VideoNotFound(f"{path}: no such file") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not len(content):
        raise EmptyVideo(f"{path}: the file is empty; copy it again")
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise VideoError(f"{path}: not a readable picture; convert it to PNG or JPEG") from error
    if image is None:
        raise VideoError(f"{path}: not a readable picture, or a damaged one; copy it again or leave it out")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image), np.uint8)
