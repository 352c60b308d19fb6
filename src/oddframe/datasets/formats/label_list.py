"""The list of videos, each with one label, that a user writes for weak supervision."""

from __future__ import annotations

from pathlib import Path

from oddframe.datasets.formats.labels import read_table
from oddframe.errors import DataError
from oddframe.types import VideoId
from oddframe.video.features import FEATURE_SUFFIXES
from oddframe.video.find import VIDEO_SUFFIXES

_SUFFIXES = VIDEO_SUFFIXES | FEATURE_SUFFIXES | {".txt"}
_WORDS = {"0": False, "normal": False, "1": True, "abnormal": True}


def read_label_list(file: Path) -> dict[VideoId, bool]:
    """Read a table with the columns `video` and `label`.

    Labels are 0 or normal, 1 or abnormal. Videos are named with or without folder and suffix.

    Returns:
        Video -> whether something abnormal happens in it.

    Raises:
        DataError: missing, damaged, another word, or a video that has two rows.
    """
    found: dict[VideoId, bool] = {}
    for line, (given, word) in read_table(file, ("video", "label")):
        video = _name(given)
        if word.lower() not in _WORDS:
            raise DataError(f"{file}:{line}: a label is {', '.join(_WORDS)}, not {word!r}")
        if video in found:
            raise DataError(f"{file}:{line}: {video!r} has a label already; keep one of the two rows")
        found[video] = _WORDS[word.lower()]
    return found


def _name(given: str) -> str:
    """Names may hold dots, so only what is known as a suffix is one."""
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    return stem if dot + suffix.lower() in _SUFFIXES else last
