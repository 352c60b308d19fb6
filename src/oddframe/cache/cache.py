"""The cache: observations on disk, found by what they were made from; none is removed while a live process uses it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from filelock import FileLock, Timeout
from platformdirs import user_cache_dir

from oddframe.cache.description import FORMAT, META, DamagedEntry
from oddframe.cache.entry import Entry, EntryWriter
from oddframe.errors import OddframeWarning, StoreError
from oddframe.files import check_lock, read_regular, storing, sync_folder
from oddframe.types import Json, Spec

LIMIT = 20 * 10**9

_PRIVATE = "private-"


def cache_key(*parts: Json) -> str:
    """What an entry is found by: equal parts, equal key."""
    text = json.dumps([FORMAT, *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class ObservationCache:
    """A folder of observations, one entry a video, that many processes may share.

    Entries used through this object stay until it is closed; beyond `limit`, those used longest ago go first. An entry
    is compared with its checksums when this object first opens it. Where anything is wrong with one, it is made again.

    Args:
        folder: where; by default the environment's ODDFRAME_CACHE, else the user's cache folder.
        limit: bytes that unused entries may fill.
    """

    def __init__(self, folder: str | Path | None = None, *, limit: int = LIMIT) -> None:
        chosen = folder or os.environ.get("ODDFRAME_CACHE") or user_cache_dir("oddframe")
        self.folder = Path(chosen).expanduser().absolute()
        self.limit = limit
        self._use: InUse | None = None
        self._filled = 0
        self._opened: dict[str, tuple[tuple[int, int], Entry]] = {}
        self._finalizer: weakref.finalize[..., ObservationCache] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def entry(self, key: str | None, spec: Spec, fill: Callable[[EntryWriter], object]) -> Entry:
        """The entry of that key, made by `fill` if nobody has made it yet.

        Where two processes want the same, one makes it and the other waits. An entry without a key is private to this
        object and goes when it closes.

        Raises:
            StoreError: the folder cannot be written, or the disk is full.
        """
        name = key or _PRIVATE + uuid4().hex
        use = self._begin()
        with self._locked(name):
            with storing(self.folder):
                use.add(name)
            found = self._find(name, spec)
            if found is None and os.path.lexists(self.folder / "entries" / name):
                return self.entry(None, spec, fill)  # damaged, and cannot be moved away
            if found is None:
                found = self._make(name, spec, fill)
                self._filled += _size(found.folder)
        if self._filled > self.limit:
            self._evict()
        return found

    def holds(self, key: str) -> bool:
        """Whether somebody has made this entry; that it is still there and whole in a moment is not promised."""
        return (self.folder / "entries" / key).exists()

    def close(self) -> None:
        """Rely on no entry any more; private ones are removed."""
        if self._use is None:
            return
        assert self._finalizer is not None
        self._finalizer()
        self._use = None
        self._evict()

    def _begin(self) -> InUse:
        if self._use is None:
            with storing(self.folder):
                for part in ("entries", "temporary", "locks"):
                    (self.folder / part).mkdir(parents=True, exist_ok=True)
                self._use = InUse(self.folder / "in-use")
            self._finalizer = weakref.finalize(self, _finish, self._use, self.folder / "entries")
            self._sweep()
            self._evict()
        return self._use

    def _find(self, name: str, spec: Spec) -> Entry | None:
        place = self.folder / "entries" / name
        if not os.path.lexists(place):
            self._opened.pop(name, None)
            return None
        try:
            found = self._load(place, spec)
        except DamagedEntry as damage:
            warnings.warn(f"damaged, so its video is observed again: {damage}", OddframeWarning, stacklevel=4)
            with suppress(OSError):
                self._discard(place)
            return None
        with suppress(OSError):  # somebody else's entry is as good
            os.utime(place / META)
        return found

    def _load(self, place: Path, spec: Spec) -> Entry:
        """An entry, checked when it is opened first; raises `DamagedEntry`."""
        try:
            stamp = (place / META).lstat()
        except OSError as error:
            raise DamagedEntry(f"{place}: {error.strerror}") from error
        known = self._opened.get(place.name)
        if known is not None and known[0] == (stamp.st_ino, stamp.st_size) and known[1].spec == spec:
            return known[1]
        found = Entry.load(place, spec)
        self._opened[place.name] = (stamp.st_ino, stamp.st_size), found
        return found

    def _make(self, name: str, spec: Spec, fill: Callable[[EntryWriter], object]) -> Entry:
        place, temporary = self.folder / "entries" / name, self.folder / "temporary" / name
        with storing(self.folder):
            _remove_all(temporary)  # whoever left it is dead: the lock is ours
            temporary.mkdir()
        try:
            fill(EntryWriter(temporary, spec))
            with storing(self.folder):
                sync_folder(temporary)
                temporary.replace(place)
                sync_folder(place.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        try:
            return self._load(place, spec)
        except DamagedEntry as damage:
            raise StoreError(
                f"{damage}: the disk does not give back what was written to it; choose another cache folder (--cache)"
            ) from damage

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        lock = _lock(self.folder / "locks" / f"{name}.lock")
        with storing(self.folder):
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove what killed processes left half-written."""
        for left in (self.folder / "temporary").iterdir():
            self._remove(left)

    def _evict(self) -> None:
        """Remove the entries used longest ago, and orphaned private ones, until the rest fits the limit."""
        used = used_keys(self.folder / "in-use", self._use)
        entries = sorted(_sizes(self.folder / "entries"))
        total = sum(size for _, size, _ in entries)
        for _, size, place in entries:
            orphan = place.name.startswith(_PRIVATE)
            if place.name not in used and (orphan or total > self.limit) and self._remove(place):
                total -= size
        self._filled = total

    def _remove(self, place: Path) -> bool:
        """Remove a folder unless somebody works on it or relies on it."""
        try:
            lock = _lock(self.folder / "locks" / f"{place.name}.lock", timeout=0)
            lock.acquire()
        except (Timeout, OSError, StoreError):
            return False
        try:
            if place.parent.name == "entries" and place.name in used_keys(self.folder / "in-use", self._use):
                return False
            self._discard(place)
        finally:
            lock.release()
        return True

    def _discard(self, place: Path) -> None:
        """Remove a folder whose lock is held; a kill on the way leaves nothing that looks like an entry."""
        temporary = self.folder / "temporary" / place.name
        if place != temporary:
            _remove_all(temporary)
            place.replace(temporary)
        with suppress(OSError):
            _remove_all(temporary)


def _lock(path: Path, timeout: float = -1) -> FileLock:
    """A lock file; a link or an empty folder in its place goes. Raises `StoreError` for anything else there."""
    with suppress(OSError):
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            path.rmdir()
    check_lock(path)
    return FileLock(path, timeout=timeout)


def _remove_all(path: Path) -> None:
    """Remove whatever is there: a folder, a file or a link. Raises `OSError`."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _finish(use: InUse, entries: Path) -> None:
    private = [key for key in use.keys if key.startswith(_PRIVATE)]
    use.release()
    for key in private:
        shutil.rmtree(entries / key, ignore_errors=True)
        (entries.parent / "locks" / f"{key}.lock").unlink(missing_ok=True)


def _sizes(entries: Path) -> Iterator[tuple[float, int, Path]]:
    """(last use, bytes, folder) of every entry."""
    for place in entries.iterdir():
        try:
            yield (place / META).stat().st_mtime, _size(place), place
        except OSError:  # removed this moment
            continue


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir())


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
        try:
            lock = _lock(listed.with_suffix(".lock"), timeout=0)
            lock.acquire()
        except (Timeout, OSError, StoreError):
            keys.update(_read(listed))
        else:
            with suppress(OSError):
                _remove_all(listed)
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
    return keys


def _read(listed: Path) -> list[str]:
    try:
        return read_regular(listed).decode(errors="replace").split()
    except OSError:  # released this moment, or no list
        return []
