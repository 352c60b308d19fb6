"""A folder that a stranger made, posing as a saved detector: nothing outside it is read, written or deleted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from oddframe.engine import store
from oddframe.errors import StoreError

Change = Callable[[dict[str, Any]], object]


def save(folder: Path) -> None:
    store.write(folder, {"number": 1}, {"model": {"x": torch.zeros(4)}})


def rewrite(folder: Path, change: Change) -> None:
    """Alter what the description says."""
    index = json.loads((folder / store.INDEX).read_bytes())
    change(index)
    (folder / store.INDEX).write_text(json.dumps(index))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "d.oddframe")
    return tmp_path / "d.oddframe"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of the user's, in the form that detectors have theirs, beside the detector."""
    file = tmp_path / "precious-0123456789ab.safetensors"
    save_file({"x": torch.zeros(4)}, file)
    os.utime(file, (0, 0))
    return file


@pytest.mark.parametrize("way", ["relative", "absolute", "nested", "notes"])
def test_saving_over_a_detector_deletes_only_its_own_files(folder: Path, precious: Path, way: str) -> None:
    notes = folder / "notes.txt"
    notes.write_text("mine")
    (folder / "sub").mkdir()
    (folder / "sub" / precious.name).write_bytes(precious.read_bytes())
    names = {"relative": f"../{precious.name}", "absolute": str(precious), "nested": f"sub/{precious.name}"}
    rewrite(folder, lambda index: index["files"]["model"].update(name=names.get(way, notes.name)))
    with pytest.raises(StoreError, match=r"detector\.json: names no file"):
        store.read(folder)
    save(folder)
    assert precious.exists()
    assert notes.exists()
    assert (folder / "sub" / precious.name).exists()
    store.read(folder)


def test_a_name_that_leads_out_does_not_make_saving_link_or_touch_it(folder: Path, precious: Path) -> None:
    """Unchanged groups are hard-linked by the name that the description gives."""
    rewrite(folder, lambda index: index["files"]["model"].update(name=f"../{precious.name}"))
    save(folder)
    assert precious.stat().st_nlink == 1
    assert precious.stat().st_mtime == 0


def test_tensors_behind_a_link_out_of_the_folder_are_not_read(folder: Path, precious: Path) -> None:
    name = "model-aaaaaaaaaaaa.safetensors"
    (folder / name).symlink_to(precious)
    content = hashlib.sha256(precious.read_bytes()).hexdigest()
    rewrite(folder, lambda index: index["files"].update(model={"name": name, "sha256": content}))
    with pytest.raises(StoreError, match="link that leads out"):
        store.read(folder)
    save(folder)
    assert precious.stat().st_mtime == 0
    assert precious.exists()


def test_a_description_behind_a_link_is_not_read(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    (folder / store.INDEX).rename(outside)
    (folder / store.INDEX).symlink_to(outside)
    with pytest.raises(StoreError, match="link that leads out"):
        store.read(folder)


def test_a_detector_in_a_linked_folder_is_as_good_as_any(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link.oddframe").symlink_to(folder)
    save(tmp_path / "link.oddframe")
    assert store.read(tmp_path / "link.oddframe").document == {"number": 1}


@pytest.mark.parametrize("kind", ["dangling", "link", "folder"])
def test_something_else_in_place_of_the_lock_is_named_and_left_alone(folder: Path, precious: Path, kind: str) -> None:
    lock, before = folder / store.LOCK, precious.read_bytes()
    lock.unlink(missing_ok=True)
    missing = precious.with_name("missing")
    if kind == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(missing if kind == "dangling" else precious)
    with pytest.raises(StoreError, match=r"detector\.lock: .*remove it"):
        save(folder)
    assert not missing.exists()
    assert precious.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes that have names")
def test_a_pipe_in_place_of_the_description_does_not_hold_anybody_up(folder: Path) -> None:
    (folder / store.INDEX).unlink()
    os.mkfifo(folder / store.INDEX)
    with pytest.raises(StoreError):
        store.read(folder)


BAD_JSON = {
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "huge number": "1" * 5000,
    "not text": b"\xff\xfe\x00{",
    "infinite format": '{"format": Infinity, "files": {}, "document": {}}',
    "no format": '{"format": true}',
    "list of files": '{"format": 2, "document": {}, "files": []}',
    "file is a number": '{"format": 2, "document": {}, "files": {"model": 7}}',
    "zero byte": '{"format": 2, "document": {}, "files": {"a": {"name": "a\\u0000-0123456789ab.safetensors"}}}',
    "no checksum": '{"format": 2, "document": {}, "files": {"model": {"name": "model-0123456789ab.safetensors"}}}',
}


@pytest.mark.parametrize("content", BAD_JSON.values(), ids=BAD_JSON)
def test_a_senseless_description_is_one_typed_line(folder: Path, content: str | bytes) -> None:
    (folder / store.INDEX).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StoreError) as caught:
        store.read(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    save(folder)  # and can be replaced
    store.read(folder)


def test_leftovers_of_another_folder_whose_name_looks_like_a_pattern_stay(tmp_path: Path) -> None:
    other = tmp_path / ".other.0123456789ab.saving"
    other.mkdir()
    os.utime(other, (0, 0))
    save(tmp_path / "[o]ther")
    save(tmp_path / "*")
    assert other.exists()
