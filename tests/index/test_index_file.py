"""The file of an index: whole or not there, mapped, and refused when it is not what it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oddframe.errors import NewerFormat, StoreError
from oddframe.index import saving
from oddframe.index.hash_tables import SUMMARIES, HashTables
from oddframe.types import FloatArray


def codes(count: int) -> FloatArray:
    """(count, 2, 10) codes that often share a bucket."""
    random = np.random.default_rng(0)
    return random.choice(np.array([0.2, 0.4, 0.7], np.float32), (count, 2, 10), p=[0.1, 0.8, 0.1])


def filled(summary: str, count: int = 200) -> HashTables:
    """Tables over codes of two videos."""
    tables = HashTables(2, 10, summary, 3)
    for video, part in zip("ab", np.array_split(np.arange(count), 2), strict=True):
        tables.add(video, part, np.zeros((len(part), 4), np.float32), codes(count)[part])
    return tables


@pytest.mark.parametrize("summary", SUMMARIES)
def test_what_was_saved_comes_back_to_the_bit_and_can_grow(summary: str, tmp_path: Path) -> None:
    index = filled(summary)
    index.save(tmp_path / "index")
    again = HashTables.load(tmp_path / "index")
    (mine, meta), (theirs, other) = again.state(), index.state()
    assert meta == other
    assert all(torch.equal(mine[name], tensor) for name, tensor in theirs.items())
    assert np.array_equal(again.query(codes(90)).distance, index.query(codes(90)).distance)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    before = (tmp_path / "index").read_bytes()
    assert len(again.forget("a").merge(filled(summary))) == 300
    assert (tmp_path / "index").read_bytes() == before


def test_codes_stay_on_the_disk_until_they_are_met(tmp_path: Path) -> None:
    """The loaded codes lie in memory that is the file's own."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux tells what memory is mapped")
    filled("all").save(tmp_path / "index")
    index = HashTables.load(tmp_path / "index")
    address = index.state()[0]["codes"].data_ptr()
    for line in maps.read_text().splitlines():
        start, end = (int(number, 16) for number in line.split()[0].split("-"))
        if start <= address < end:
            assert line.endswith(str(tmp_path / "index"))
            return
    pytest.fail("nowhere in memory")


def test_a_save_leaves_whoever_has_the_old_file_open_alone(tmp_path: Path) -> None:
    """What is mapped may be another program's: the old file is replaced, never written into."""
    path, old = tmp_path / "index", tmp_path / "old"
    filled("all").save(path)
    old.hardlink_to(path)
    before = old.read_bytes()
    filled("all", 50).save(path)
    assert old.read_bytes() == before
    assert len(HashTables.load(path)) == 50


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_cut_short_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "index"
    filled("all").save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StoreError, match=r"index: .*cut short"):
        HashTables.load(path)


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        HashTables.load(tmp_path / "nowhere")
    (tmp_path / "text").write_text("no index at all, whatever its name")
    with pytest.raises(StoreError, match="text"):
        HashTables.load(tmp_path / "text")
    tensors, meta = filled("mean").state()
    sizes: dict[str, Any] = {"tables": 2, "bits": 10, "summary": "mean", "probe": 0}
    for name, value in (("bits", 9), ("bits", "ten"), ("summary", "median"), ("tables", 0), ("meta", None)):
        saving.write_index(tmp_path / "odd", tensors, {**sizes, "meta": meta, name: value})
        with pytest.raises(StoreError, match="odd"):
            HashTables.load(tmp_path / "odd")


def test_a_newer_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "FORMAT", 2)
    filled("all").save(tmp_path / "index")
    monkeypatch.undo()
    with pytest.raises(NewerFormat):
        HashTables.load(tmp_path / "index")


def test_a_failed_save_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index"
    filled("all").save(path)
    before = path.read_bytes()

    def full(tensors: object, place: Path, values: object) -> None:
        place.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "save_file", full)
    with pytest.raises(StoreError, match="No space left"):
        filled("all", 50).save(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["index"]
