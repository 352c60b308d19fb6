"""Which cache entries live processes use: a list per process, trusted as long as its owner holds the lock on it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout


class InUse:
    """The keys that one user of the cache relies on, until `release` or the end of its process.

    Args:
        folder: where all such lists lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._list = folder / f"{uuid4().hex}.keys"
        self._lock = FileLock(self._list.with_suffix(".lock"))
        self._lock.acquire()
        self._list.touch()
        self.keys: set[str] = set()

    def add(self, key: str) -> None:
        """Rely on an entry from now on. Call it while holding the key's own lock."""
        if key not in self.keys:
            with self._list.open("a") as file:
                file.write(key + "\n")
            self.keys.add(key)

    def release(self) -> None:
        """Rely on nothing any more."""
        self._list.unlink(missing_ok=True)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def used_keys(folder: Path, own: InUse | None = None) -> set[str]:
    """The keys that anybody alive relies on; lists of the dead are removed."""
    keys = set(own.keys) if own else set()
    for listed in folder.glob("*.keys"):
        if own and listed == own._list:
            continue
        lock = FileLock(listed.with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            keys.update(_read(listed))
        else:
            listed.unlink(missing_ok=True)
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
    return keys


def _read(listed: Path) -> list[str]:
    try:
        return listed.read_text().split()
    except FileNotFoundError:  # released this moment
        return []
