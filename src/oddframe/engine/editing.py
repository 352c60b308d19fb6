"""Changing a saved detector while nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from oddframe.engine.detector import Detector
from oddframe.engine.store import locked


@contextmanager
def editing(
    folder: str | Path,
    waiting: Callable[[], None] = lambda: None,
    *,
    allow_fetch: bool = False,
    allow_files: Sequence[str | Path] = (),
) -> Iterator[Detector]:
    """A saved detector to be changed: saved at the end, unless an error comes before.

    Whoever edits the same one meanwhile waits, and is then given what was saved: no change is lost.

    Args:
        folder: where it was saved.
        waiting: called once, if somebody else is at it.
        allow_fetch, allow_files: as in `Detector.load`.

    Raises:
        StoreError, NewerFormat: as in `Detector.load` and `Detector.save`.
    """
    with locked(folder, waiting):
        detector = Detector.load(folder, allow_fetch=allow_fetch, allow_files=allow_files)
        yield detector
        detector.save(folder)
