"""A saved detector is the old one or the new one, whole, whatever happens while it is written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from oddframe.engine import store
from oddframe.errors import NewerFormat, StoreError


def save(folder: Path, number: int) -> None:
    store.write(folder, {"number": number}, {"model": {"x": torch.full((4,), float(number))}})


def saved(folder: Path) -> int:
    """The number of the detector there; document and tensors must agree."""
    document, tensors, _ = store.read(folder)
    assert torch.equal(tensors["model"]["x"], torch.full((4,), float(document["number"])))
    return int(document["number"])


def files(folder: Path) -> set[str]:
    """What a save left there, besides the file that is locked."""
    return {path.name for path in folder.iterdir()} - {store.LOCK}


class Kill(BaseException):
    """The process ends here."""


STEPS = ["replace", "rename", "unlink", "mkdir", "rmdir", "fsync", "link", "utime"]


def killed_at(call: int, action: Callable[[], None], patch: pytest.MonkeyPatch, *, dead: bool) -> bool:
    """Run until the file system is touched for the nth time; `dead` = nothing at all happens from then on."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == call or (dead and count > call):
                raise Kill
            return real(*given, **named)

        return step

    with patch.context() as patched:
        for name in STEPS:
            patched.setattr(os, name, counted(getattr(os, name)))
        try:
            action()
        except Kill:
            return True
    return False


@pytest.mark.parametrize("dead", [True, False], ids=["killed", "interrupted"])
def test_a_kill_while_replacing_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: bool
) -> None:
    found = set()
    for call in range(1, 40):
        folder = tmp_path / f"{call}.oddframe"
        save(folder, 1)
        killed = killed_at(call, partial(save, folder, 2), monkeypatch, dead=dead)
        found.add(saved(folder))
        save(folder, 3)  # and what was left does no harm
        assert saved(folder) == 3
        if not killed:
            break
    assert not killed
    assert call > 3
    assert found == {1, 2}


def save_big(folder: Path, number: int) -> None:
    """A document and a small group that change, beside a big one that stays."""
    big = {"x": torch.arange(9, dtype=torch.int16), "nan": torch.tensor([torch.nan])}
    store.write(folder, {"number": number}, {"model": {"x": torch.full((4,), float(number))}, "big": big})


@pytest.mark.parametrize("dead", [True, False], ids=["killed", "interrupted"])
def test_a_kill_while_a_group_is_carried_over_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: bool
) -> None:
    found = set()
    for call in range(1, 40):
        folder = tmp_path / f"{call}.oddframe"
        save_big(folder, 1)
        killed = killed_at(call, partial(save_big, folder, 2), monkeypatch, dead=dead)
        found.add(saved(folder))
        save_big(folder, 3)
        assert saved(folder) == 3
        if not killed:
            break
    assert not killed
    assert call > 5
    assert found == {1, 2}


def test_an_unchanged_group_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "d.oddframe"
    save_big(folder, 1)
    (before,) = folder.glob("big-*")
    node = before.stat().st_ino
    save_big(folder, 2)
    (after,) = folder.glob("big-*")
    assert after.name != before.name, "names belong to one save, so that a later one cannot take files away from it"
    assert after.stat().st_ino == node
    assert len(files(folder)) == 3

    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unsupported)
    save_big(folder, 3)
    assert saved(folder) == 3
    (after,) = folder.glob("big-*")
    assert after.stat().st_ino != node


@pytest.mark.parametrize("damage", ["cut", "altered", "gone"])
def test_saving_again_mends_a_damaged_group(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "d.oddframe"
    save_big(folder, 1)
    (file,) = folder.glob("big-*")
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-3] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    save_big(folder, 2)
    assert saved(folder) == 2


@pytest.mark.parametrize(("before", "after"), [(torch.float32, torch.int32), (torch.int16, torch.bfloat16)])
def test_a_group_of_the_same_bits_and_another_kind_is_written(
    tmp_path: Path, before: torch.dtype, after: torch.dtype
) -> None:
    ones = torch.ones(4, dtype=before)
    for kind in (before, after):
        store.write(tmp_path / "d.oddframe", {}, {"model": {"x": ones.view(kind)}})
        found = store.read(tmp_path / "d.oddframe").tensors["model"]["x"]
        assert found.dtype == kind
        assert torch.equal(found, ones.view(kind))


def test_groups_that_only_look_alike_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "d.oddframe"
    kinds = [
        torch.zeros(1).as_strided((1,), (0,)),
        torch.zeros(2),
        -torch.zeros(2),
        torch.zeros(2, dtype=torch.int32),
        torch.zeros((2, 1)),
        torch.zeros(3),
    ]
    for kind in kinds:
        store.write(folder, {}, {"model": {"x": kind}})
        (found,) = store.read(folder).tensors["model"].values()
        assert (found.dtype, found.shape) == (kind.dtype, kind.shape)
        assert bool((torch.signbit(found) == torch.signbit(kind)).all())
    store.write(folder, {}, {"model": {"y": kinds[-1]}})
    assert list(store.read(folder).tensors["model"]) == ["y"]


@pytest.mark.parametrize("dead", [True, False], ids=["killed", "interrupted"])
@pytest.mark.parametrize("empty", [True, False], ids=["empty-folder", "no-folder"])
def test_a_kill_while_creating_leaves_nothing_or_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: bool, empty: bool
) -> None:
    for call in range(1, 40):
        folder = tmp_path / f"{call}.oddframe"
        if empty:
            folder.mkdir()
        killed = killed_at(call, partial(save, folder, 2), monkeypatch, dead=dead)
        if folder.exists() and any(folder.iterdir()):
            assert saved(folder) == 2
        save(folder, 3)
        assert saved(folder) == 3
        if not killed:
            break
    assert not killed
    assert call > 3


def test_replacing_leaves_only_the_new_files(tmp_path: Path) -> None:
    folder = tmp_path / "d.oddframe"
    for number in range(3):
        save(folder, number)
    assert len(files(folder)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["d.oddframe"]


def test_old_leftovers_are_swept_and_young_ones_left_to_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)
    old, young = folder / "model-0123456789ab.safetensors", folder / "model-y0ung.safetensors"
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (1, 1))
    save(folder, 2)
    assert not old.exists()
    assert young.exists()


def test_something_else_is_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(b"cat")
    file = tmp_path / "file"
    file.write_bytes(b"file")
    for target in (folder, file):
        with pytest.raises(StoreError, match="not a detector"):
            save(target, 1)
    assert (folder / "cat.jpg").read_bytes() == b"cat"
    assert file.read_bytes() == b"file"


def test_a_missing_detector_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone\.oddframe"):
        store.read(tmp_path / "gone.oddframe")


@pytest.mark.parametrize("damage", ["cut", "altered", "gone"])
def test_a_damaged_tensor_file_is_named(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)
    file = next(folder.glob("model-*.safetensors"))
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-3] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreError, match=file.name):
        store.read(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": "1"}',
        '{"format": 1}',
        '{"format": 1, "document": {}, "files": {"model": 3}}',
        '{"format": 1, "document": {}, "files": {"model": {"name": "../elsewhere", "sha256": ""}}}',
    ],
)
def test_a_damaged_description_is_named(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)
    (folder / "detector.json").write_text(content)
    with pytest.raises(StoreError, match=r"detector\.json"):
        store.read(folder)


def test_a_newer_format_says_which_version_wrote_it(tmp_path: Path) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)
    index = json.loads((folder / "detector.json").read_text())
    (folder / "detector.json").write_text(json.dumps(index | {"format": store.FORMAT + 1, "oddframe": "9.8.7"}))
    with pytest.raises(NewerFormat, match=r"9\.8\.7"):
        store.read(folder)


def test_a_reader_follows_a_replacement_that_happens_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)
    saves = [2]

    def late(path: Path) -> dict[str, torch.Tensor]:
        if saves:
            save(folder, saves.pop())
        return load_file(path)

    monkeypatch.setattr(store, "load_file", late)
    assert saved(folder) == 2


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "d.oddframe"
    save(folder, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_durably", full)
        with pytest.raises(StoreError, match="No space left"):
            save(folder, 2)
        with pytest.raises(StoreError, match="No space left"):
            save(tmp_path / "new.oddframe", 2)
    assert saved(folder) == 1
    assert len(files(folder)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["d.oddframe"]


def test_tensors_that_share_memory_are_saved(tmp_path: Path) -> None:
    base = torch.arange(6.0)
    store.write(tmp_path / "d", {}, {"model": {"a": base, "b": base, "c": base[2:], "d": base.reshape(2, 3).T}})
    tensors = store.read(tmp_path / "d").tensors
    assert torch.equal(tensors["model"]["c"], base[2:])
    assert torch.equal(tensors["model"]["d"], base.reshape(2, 3).T)
