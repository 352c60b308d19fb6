"""Whatever is wrong with a cache entry, its video is observed again; nothing is allocated by what an entry claims."""

from __future__ import annotations

import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oddframe.cache.cache import ObservationCache
from oddframe.cache.description import META
from oddframe.errors import OddframeWarning, StoreError
from tests.cache.test_cache import SPEC, everything, filler, observations

Harm = Callable[[Path], object]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one entry, "k"."""
    folder = tmp_path_factory.mktemp("pristine") / "cache"
    with ObservationCache(folder) as cache:
        cache.entry("k", SPEC, filler())
    return folder


def cache_at(pristine: Path, place: Path) -> tuple[Path, Path]:
    """A copy of it, and where its entry lies."""
    shutil.copytree(pristine, place)
    return place, place / "entries" / "k"


def made_again(folder: Path) -> bool:
    """Whether the entry had to be made again; it holds what it should in any case."""
    calls: list[int] = []
    with ObservationCache(folder) as cache:
        entry = cache.entry("k", SPEC, filler(10, calls))
        for name, tensor in observations(0, 10).data.items():
            assert torch.equal(everything(entry)[name], tensor)
        assert entry.observations("v").frame.tolist() == list(range(10))
    return bool(calls)


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Alter an entry's description as one who can count checksums."""
    told = json.loads((folder / META).read_bytes())["entry"]
    change(told)
    checksum = zlib.crc32(json.dumps(told, sort_keys=True).encode())
    (folder / META).write_text(json.dumps({"checksum": checksum, "entry": told}))


def forge(file: Path, array: Any, header: bytes | None = None) -> None:
    """Another array in the place of a file, with the right checksum in the description."""
    np.save(file, array)
    if header is not None:
        file.write_bytes(header)
    column, checksum = file.name.partition(".")[0], zlib.crc32(file.read_bytes())
    rewrite(file.parent, lambda told: told["columns"][column]["files"].update({file.name: checksum}))


def replaced_by_folder(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.mkdir()
    (path / "x").touch()


def replaced_by_link(path: Path) -> None:
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


def replaced_by_dangling_link(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to("/nonexistent/x")


def replaced_by_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("x")


def replaced_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def npy(header: str) -> bytes:
    padded = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


HARM: dict[str, Harm] = {
    "entry is a file": replaced_by_file,
    "entry is a link": replaced_by_link,
    "entry is a dangling link": replaced_by_dangling_link,
    "entry is another folder": replaced_by_folder,
    "description gone": lambda e: (e / META).unlink(),
    "description is a folder": lambda e: replaced_by_folder(e / META),
    "description is a dangling link": lambda e: replaced_by_dangling_link(e / META),
    "description is a pipe": lambda e: replaced_by_pipe(e / META),
    "description is deep": lambda e: (e / META).write_text("[" * 200_000),
    "description is a long number": lambda e: (e / META).write_text("9" * 6000),
    "description is no text": lambda e: (e / META).write_bytes(b"\xff\xfe"),
    "description is a list": lambda e: (e / META).write_text("[1]"),
    "shard is a folder": lambda e: replaced_by_folder(e / "box.00000.npy"),
    "shard is a link": lambda e: replaced_by_link(e / "box.00000.npy"),
    "shard is a pipe": lambda e: replaced_by_pipe(e / "frame.00000.npy"),
    "huge rows": lambda e: rewrite(e, lambda t: t.update(rows=10**15)),
    "huge frames": lambda e: rewrite(e, lambda t: t.update(frames=10**12)),
    "infinite frames": lambda e: rewrite(e, lambda t: t.update(frames=float("inf"))),
    "too few frames": lambda e: rewrite(e, lambda t: t.update(frames=9)),
    "negative rows": lambda e: rewrite(e, lambda t: t.update(rows=-1)),
    "fewer rows": lambda e: rewrite(e, lambda t: t.update(rows=5)),
    "rows without columns": lambda e: rewrite(e, lambda t: t.update(columns={})),
    "column of a stranger": lambda e: rewrite(e, lambda t: t["columns"].update(evil=t["columns"]["box"])),
    "file elsewhere": lambda e: rewrite(e, lambda t: t["columns"]["box"].update(files={"../../box.00000.npy": 1})),
    "no rows in a shard": lambda e: rewrite(e, lambda t: t["columns"]["box"].update(rows=0)),
    "other spec": lambda e: rewrite(e, lambda t: t["spec"].pop("a/b")),
    "huge spec": lambda e: rewrite(e, lambda t: t["spec"]["a/b"].update(shape=[10**9, 10**9])),
    "spec of another dtype": lambda e: rewrite(e, lambda t: t["spec"]["a/b"].update(dtype="load")),
    "reasons outside": lambda e: rewrite(e, lambda t: t.update(reasons=[[0, 10**12, "dark"]])),
    "shard of another shape": lambda e: forge(e / "data-0.00000.npy", np.zeros((10, 4), np.float32)),
    "shard of another dtype": lambda e: forge(e / "data-0.00000.npy", np.zeros((10, 3), np.float64)),
    "shard of objects": lambda e: forge(e / "data-0.00000.npy", np.array([None] * 10, object)),
    "shard of huge shape": lambda e: forge(
        e / "box.00000.npy", 0, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10, 99999999999999)}")
    ),
    "shard with a deep header": lambda e: forge(e / "box.00000.npy", 0, npy("(" * 110)),
    "shard with code for a header": lambda e: forge(e / "box.00000.npy", 0, npy("__import__('os').abort()")),
    "shard of nothing": lambda e: forge(e / "box.00000.npy", 0, b""),
    "frames that go backwards": lambda e: forge(e / "frame.00000.npy", np.arange(10)[::-1]),
    "frames of another video": lambda e: forge(e / "frame.00000.npy", np.arange(10) + 10**9),
    "span of another video": lambda e: forge(e / "span.00000.npy", np.full((10, 2), -5)),
    "boxes that are nowhere": lambda e: forge(e / "box.00000.npy", np.full((10, 4), np.nan, np.float32)),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_bad_entry_is_made_again_with_a_warning(harm: Harm, pristine: Path, tmp_path: Path) -> None:
    folder, entry = cache_at(pristine, tmp_path / "cache")
    harm(entry)
    with pytest.warns(OddframeWarning, match="observed again"):
        assert made_again(folder)
    assert not made_again(folder), "what was made again is sound"


def test_no_flipped_bit_is_read(pristine: Path, tmp_path: Path) -> None:
    """In any file of an entry, at any place."""
    draw = random.Random(0)
    for number in range(60):
        folder, entry = cache_at(pristine, tmp_path / str(number))
        file = draw.choice(sorted(entry.iterdir()))
        content = bytearray(file.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(content)
        with pytest.warns(OddframeWarning, match="observed again"):
            assert made_again(folder), file.name


def test_an_entry_that_cannot_be_moved_away_is_passed_over(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, entry = cache_at(pristine, tmp_path / "cache")
    (entry / META).write_text("{")
    real = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if path == entry:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.warns(OddframeWarning, match="observed again"):
        assert made_again(folder)
    assert entry.exists()
    assert len(list((folder / "entries").iterdir())) == 1


def test_an_entry_is_checked_once_for_each_cache_that_opens_it(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = cache_at(pristine, tmp_path / "cache")
    checked: list[Path] = []

    def counted(file: Path) -> int:
        checked.append(file)
        return zlib.crc32(file.read_bytes())

    monkeypatch.setattr("oddframe.cache.description.checksum_of", counted)
    with ObservationCache(folder) as cache:
        for _ in range(3):
            cache.entry("k", SPEC, filler())
    assert len(checked) == len(set(checked)) == 7


@pytest.mark.parametrize("kind", ["dangling", "link", "folder"])
def test_something_else_in_place_of_a_lock_goes(pristine: Path, tmp_path: Path, kind: str) -> None:
    folder, _ = cache_at(pristine, tmp_path / "cache")
    precious = tmp_path / "precious"
    precious.write_text("mine")
    lock = folder / "locks" / "k.lock"
    lock.unlink(missing_ok=True)
    if kind == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(precious if kind == "link" else tmp_path / "missing")
    assert not made_again(folder)
    assert precious.read_text() == "mine"
    assert not (tmp_path / "missing").exists()


def test_a_full_folder_in_place_of_a_lock_is_named(pristine: Path, tmp_path: Path) -> None:
    folder, _ = cache_at(pristine, tmp_path / "cache")
    (folder / "locks" / "k.lock").unlink(missing_ok=True)
    (folder / "locks" / "k.lock" / "full").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"k\.lock: .*remove it"):
        made_again(folder)


def test_strange_things_among_the_lists_of_use_do_no_harm(pristine: Path, tmp_path: Path) -> None:
    folder, _ = cache_at(pristine, tmp_path / "cache")
    use = folder / "in-use"
    (use / "a.keys").mkdir()
    (use / "b.keys").write_bytes(b"\xff\xfe k")
    (use / "c.keys").symlink_to("/dev/zero")
    (use / "d.keys").symlink_to("/nonexistent")
    (use / "e.keys").touch()
    (use / "e.lock").mkdir()
    (use / "e.lock" / "full").touch()
    (folder / "temporary" / "link").symlink_to(tmp_path)
    (folder / "temporary" / "file").touch()
    (folder / "entries" / "stray").touch()
    assert not made_again(folder)
    assert tmp_path.exists()
    assert not os.path.lexists(folder / "temporary" / "link")
