"""The order of files, and names for videos that are unique within one run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from oddframe.types import VideoId


def natural(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sorting key under which numbers inside names count as numbers.

    >>> [p.name for p in sorted([Path("10.jpg"), Path("2.jpg"), Path("cover.jpg")], key=natural)]
    ['2.jpg', '10.jpg', 'cover.jpg']
    """
    pieces = re.split(r"([0-9]+)", str(path).casefold())
    key = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pieces if p)
    return key, str(path)  # the name itself decides between 01 and 1


def unique_names(paths: Sequence[Path], folders: Sequence[bool]) -> list[VideoId]:
    """One name a path: its own without suffix, with as many parent folders before it as tell it from the others.

    Args:
        paths: what to name, all different.
        folders: which of them are folders: a dot in a folder's name starts no suffix.

    >>> unique_names([Path("/a/x/01.mp4"), Path("/a/y/01.mp4"), Path("/a/y/02.mp4")], [False] * 3)
    ['x/01', 'y/01', '02']
    """
    wholes = [path.absolute().parts[1:] for path in paths]
    plain = [
        (*parts[:-1], parts[-1] if folder else Path(parts[-1]).stem)
        for parts, folder in zip(wholes, folders, strict=True)
    ]
    # a.mp4 beside a.avi: no folder tells them apart, so the suffix stays.
    twins = Counter(plain)
    parts = [whole if twins[short] > 1 else short for whole, short in zip(wholes, plain, strict=True)]
    depth = [1] * len(parts)
    while True:
        names = ["/".join(part[-d:]) for part, d in zip(parts, depth, strict=True)]
        counts = Counter(names)
        deeper = [d + (counts[n] > 1 and d < len(p)) for n, d, p in zip(names, depth, parts, strict=True)]
        if deeper == depth:
            return names
        depth = deeper
