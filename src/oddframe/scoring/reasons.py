"""Why frames are not scorable: as runs (to keep) and as codes (to compute with)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from oddframe.types import IntArray

Reasons: TypeAlias = tuple[tuple[int, int, str], ...]
"""(first, one past last, word) runs in frame order; frames in none of them are scorable."""


LONE = "unreadable"
"""The reason of a single frame that has no picture, between frames that have: it spoils nothing but itself.

The picture before stands in for it, so windows over it are still good."""


def spoils(word: str) -> bool:
    """Whether a frame with this reason makes every window over it worthless."""
    return bool(word) and word != LONE


def spoiling(reasons: Reasons) -> Reasons:
    """The runs that make windows over them worthless."""
    return tuple(run for run in reasons if spoils(run[2]))


def as_codes(reasons: Reasons, frames: int) -> tuple[IntArray, tuple[str, ...]]:
    """(F,) a number per frame, 0 = scorable, and the words those numbers stand for."""
    words = ("", *dict.fromkeys(word for _, _, word in reasons))
    number = {word: place for place, word in enumerate(words)}
    code = np.zeros(frames, np.int64)
    for start, stop, word in reversed(reasons):  # the first of two runs that overlap has the word
        code[max(start, 0) : max(stop, 0)] = number[word]
    return code, words


def as_runs(code: IntArray, words: Sequence[str]) -> Reasons:
    """The runs behind codes.

    >>> as_runs(np.array([0, 1, 1, 0, 2]), ("", "dark", "frozen"))
    ((1, 3, 'dark'), (4, 5, 'frozen'))
    """
    starts = np.flatnonzero(np.diff(code, prepend=0))
    stops = np.append(starts[1:], len(code))
    return tuple(
        (int(start), int(stop), words[code[start]]) for start, stop in zip(starts, stops, strict=False) if code[start]
    )
