"""A folder that holds a document and tensors, replaced as a whole or not at all.

`detector.json` names the tensor files that belong to it, so replacing that one file replaces everything: new tensors
are written first, under names that nobody uses, and the old ones go last. A kill at any point leaves the old or the
new. A folder that does not exist yet is made beside its place and renamed into it.

A group of tensors that is already there is not written again: its file gets one more name, so that a correction of a
big index costs no more than what it adds, and nobody who replaces the folder meanwhile can take the file away.

Whatever the folder says is checked before it is believed: files have the names that a save gives, lie in the folder
itself, and links that lead out of it are not followed.

Who replaces a detector holds the lock on `detector.lock`, a file that stays, and may say which save it knows: if there
has been another since, nothing is written. The system takes the lock from who dies.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from oddframe.errors import NewerFormat, SavedMeanwhile, StoreError
from oddframe.files import MALFORMED, check_lock, read_json, storing, sync_file, sync_folder, within, write_durably
from oddframe.types import Json
from oddframe.version import __version__

FORMAT = 2
"""1 kept no scores of held-out video; it is read, too."""

INDEX, LOCK = "detector.json", "detector.lock"
STALE = 24 * 3600
"""Seconds after which what a killed save left is nobody's any more."""

_DAMAGED: tuple[type[Exception], ...] = (SafetensorError, *MALFORMED)
_TENSORS = re.compile(r"[\w.+-]{1,200}-[0-9a-f]{12}\.safetensors")
_SAVING = re.compile(r".*\.[0-9a-f]{12}\.saving", re.DOTALL)
"""The names that saves give."""

Tensors: TypeAlias = Mapping[str, Mapping[str, Tensor]]
"""Group -> name -> tensor; each group becomes one file."""


class Content(NamedTuple):
    """What was saved, and the stamp of that very save."""

    document: dict[str, Any]
    tensors: dict[str, dict[str, Tensor]]
    stamp: str


def write(folder: str | Path, document: Mapping[str, Json], tensors: Tensors, known: str | None = None) -> str:
    """Save, replacing a detector that is already there; the stamp of this save.

    Args:
        folder: where.
        document, tensors: what.
        known: the stamp of the save that this one may replace; None = any.

    Raises:
        StoreError: something else is there, the disk is full, or writing is not allowed; then nothing has changed.
        SavedMeanwhile: there has been another save; nothing has changed either.
    """
    target = Path(folder).expanduser().absolute()
    check_target(target)
    with _saving(target), locked(target):
        if (target / INDEX).exists():
            if known is not None and _stamp_at(target) not in (known, None):
                raise SavedMeanwhile(
                    f"{target}: somebody else saved it since it was loaded, so nothing has been saved; load it again"
                    " and make the change there, or save to another place"
                )
            return _replace(target, document, tensors)
        return _create(target, document, tensors)


@contextmanager
def locked(folder: str | Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keep others from replacing a detector; who holds the lock can take it again. Nothing, where there is none yet.

    Args:
        folder: where it is.
        waiting: called once, if somebody else holds it; then it is waited for.

    Raises:
        StoreError: the folder cannot be written.
    """
    target = Path(folder).expanduser().absolute()
    if not is_detector(target):
        yield
        return
    place = Path(os.path.realpath(target)) / LOCK
    check_lock(place)
    lock = FileLock(place, is_singleton=True)
    with _saving(target):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(timeout=-1)
    try:
        yield
    finally:
        lock.release()


def read(folder: str | Path) -> Content:
    """What `write` saved.

    Raises:
        StoreError: there is no detector, or a file of it is missing, cut or altered; the message names it.
        NewerFormat: a newer version of oddframe wrote it.
    """
    target = Path(folder).expanduser().absolute()
    index = _read_index(target)
    while True:
        try:
            tensors = {group: _read_group(target, file) for group, file in index["files"].items()}
            return Content(index["document"], tensors, _stamp(index))
        except StoreError:
            # Somebody may have replaced the detector, and removed the old tensors, while it was being read.
            again = _read_index(target)
            if again == index:
                raise
            index = again


def is_detector(folder: str | Path) -> bool:
    """Whether a saved detector is there, sound or not."""
    return (Path(folder).expanduser() / INDEX).is_file()


def check_target(folder: str | Path) -> None:
    """Raise `StoreError` where a save would: something else is there, or the place cannot be written."""
    target = Path(folder).expanduser().absolute()
    with _saving(target):
        known = is_detector(target)
        if target.exists() and not known and not (target.is_dir() and not any(target.iterdir())):
            raise StoreError(f"{target}: is not a detector, so it is left alone; save to another place")
        place = target if known else next(parent for parent in target.parents if parent.exists())
        # Only trying tells: permissions do not bind everybody, and some file systems take no folders.
        probe = place / f".{target.name}.{uuid4().hex[:12]}.saving"
        probe.mkdir()
        probe.rmdir()


def _create(target: Path, document: Mapping[str, Json], tensors: Tensors) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = target.parent.glob(f".{glob.escape(target.name)}.*.saving")
    _remove_stale(path for path in left if _SAVING.fullmatch(path.name))
    token = uuid4().hex[:12]
    temporary = target.parent / f".{target.name}.{token}.saving"
    temporary.mkdir()
    try:
        index = _index(document, _write_groups(temporary, tensors, token))
        write_durably(temporary / INDEX, index)
        sync_folder(temporary)
        if target.exists():
            target.rmdir()  # an empty folder, which not every system lets a rename replace
        temporary.replace(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return _stamp(json.loads(index))


def _replace(target: Path, document: Mapping[str, Json], tensors: Tensors) -> str:
    _remove_stale(target / name for name in _unnamed(target))
    token = uuid4().hex[:12]
    temporary = target / f"{INDEX}.{token}.saving"
    try:
        index = _index(document, _write_groups(target, tensors, token, _files(target)))
        write_durably(temporary, index)
        old = _named(target)
        temporary.replace(target / INDEX)
    except BaseException:
        for name in _unnamed(target):
            if token in name:
                (target / name).unlink(missing_ok=True)
        raise
    sync_folder(target)
    for name in old:
        (target / name).unlink(missing_ok=True)
    return _stamp(json.loads(index))


def _write_groups(
    folder: Path, tensors: Tensors, token: str, known: Mapping[str, Any] | None = None
) -> dict[str, dict[str, str]]:
    """One file a group; of those that are `known` to hold the very same, another name is enough."""
    files = {}
    for group, content in tensors.items():
        name, old = f"{group}-{token}.safetensors", (known or {}).get(group)
        (folder / name).touch()
        mode = (folder / name).stat().st_mode  # what the umask says, where safetensors would let only us read it
        if old is not None and _linked(folder, old, content, name):
            files[group] = {"name": name, "sha256": old["sha256"]}
            continue
        save_file(_apart(content), folder / name)
        (folder / name).chmod(mode)
        sync_file(folder / name)
        files[group] = {"name": name, "sha256": _checksum(folder / name)}
    return files


def _linked(folder: Path, old: Mapping[str, str], content: Mapping[str, Tensor], name: str) -> bool:
    """Give the old file a second name if it holds this; its bytes are looked at, so that damage is not carried on."""
    try:
        if not within(folder, folder / old["name"]):
            return False
        kept = load_file(folder / old["name"])  # mapped, not read
        if kept.keys() != content.keys() or not all(_same(kept[key], content[key]) for key in kept):
            return False
        os.utime(folder / old["name"])  # or somebody who sweeps old leftovers might take the new name for one
        (folder / old["name"]).chmod((folder / name).stat().st_mode)
        (folder / name).unlink()
        os.link(folder / old["name"], folder / name)
    except (OSError, SafetensorError, KeyError, TypeError):  # gone, damaged, or a file system without second names
        return False
    return True


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal to the bit."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    flat = [_flat(tensor).view(torch.uint8) for tensor in (one, other)]
    if all(part.numel() % 8 == 0 and part.storage_offset() % 8 == 0 for part in flat):
        flat = [part.view(torch.int64) for part in flat]  # six times as fast
    return torch.equal(*flat)


def _flat(tensor: Tensor) -> Tensor:
    """All values in a row; a single one may come with any stride, which a view as bytes would refuse."""
    return tensor.detach().cpu().contiguous().as_strided((tensor.numel(),), (1,))


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, none sharing memory with another, as the format wants them."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return {
        name: tensor.clone() if tensor.untyped_storage().nbytes() != tensor.nbytes or _shared(tensor, plain) else tensor
        for name, tensor in plain.items()
    }


def _shared(tensor: Tensor, others: Mapping[str, Tensor]) -> bool:
    return sum(other.data_ptr() == tensor.data_ptr() for other in others.values()) > 1


def _index(document: Mapping[str, Json], files: Mapping[str, Json]) -> bytes:
    content = {"format": FORMAT, "oddframe": __version__, "files": files, "document": document}
    return json.dumps(content, indent=1).encode()


def _stamp(index: Mapping[str, Any]) -> str:
    """No two saves have the same, as no two give their files the same names."""
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()


def _stamp_at(target: Path) -> str | None:
    """The stamp of what is there; None, where it is damaged and nobody's change can be lost."""
    try:
        return _stamp(_read_index(target))
    except NewerFormat:
        raise
    except StoreError:
        return None


def _read_index(target: Path) -> dict[str, Any]:
    path = target / INDEX
    try:
        with _reading(path):
            if not path.is_file():
                found = "is no saved detector" if target.exists() else "nothing is there"
                raise StoreError(f"{target}: {found}; name the folder that a detector was saved in")
            if not within(target, path):
                raise StoreError(f"{path}: is a link that leads out of the detector's folder; copy the detector again")
            index = read_json(path)
    except ValueError as error:
        raise StoreError(f"{path}: damaged ({error}); fit and save the detector again") from error
    if not isinstance(index, dict) or not isinstance(index.get("format"), int):
        raise StoreError(f"{path}: not a detector's description; fit and save the detector again")
    if index["format"] > FORMAT:
        writer = str(index.get("oddframe"))[:40]
        raise NewerFormat(f"{path}: written by oddframe {writer}, this is {__version__}; install that version")
    if not (isinstance(index.get("document"), dict) and isinstance(index.get("files"), dict)):
        raise StoreError(f"{path}: parts of the description are missing; fit and save the detector again")
    return index


def _read_group(target: Path, file: Any) -> dict[str, Tensor]:
    if not _is_file(file):
        raise StoreError(f"{target / INDEX}: names no file where it should; fit and save the detector again")
    path = target / file["name"]
    if not within(target, path):
        raise StoreError(f"{path}: is a link that leads out of the detector's folder; copy the detector again")
    with _reading(path):
        if _checksum(path) != file.get("sha256"):
            raise StoreError(f"{path}: cut or altered since it was saved; copy it again, or fit and save again")
        try:
            return load_file(path)
        except _DAMAGED as error:
            raise StoreError(f"{path}: damaged ({error}); fit and save the detector again") from error


def _is_file(file: Any) -> bool:
    """Whether this is how a description names a file: by a name that a save gives, without a path."""
    name = file.get("name") if isinstance(file, dict) else None
    return isinstance(name, str) and _TENSORS.fullmatch(name) is not None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named(target: Path) -> set[str]:
    """The tensor files that the description names; none, where it cannot be read."""
    return {file["name"] for file in _files(target).values()}


def _files(target: Path) -> dict[str, Any]:
    """Group -> its file, as the description says it; none, where it cannot be read or one has no name of ours."""
    try:
        files: dict[str, Any] = _read_index(target)["files"]
    except StoreError:
        return {}
    return files if all(map(_is_file, files.values())) else {}


def _unnamed(target: Path) -> list[str]:
    """What unfinished saves left in a detector's folder."""
    named = _named(target)
    if not named:
        return []  # a damaged description may still need any of the files
    ours = (file.name for file in target.iterdir() if _TENSORS.fullmatch(file.name) or _SAVING.fullmatch(file.name))
    return [name for name in ours if name not in named]


def _remove_stale(left: Iterable[Path]) -> None:
    for path in left:
        if os.path.lexists(path) and time.time() - path.lstat().st_mtime > STALE:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def _saving(target: Path) -> Iterator[None]:
    """The target is what the user knows, not the temporary name beside it that an error may speak of."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreError(
            f"{target}: cannot be written ({why}), so nothing has been saved; free some space or save to another place"
        ) from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    with storing(path, "copy the detector again, or check its permissions"):
        yield
