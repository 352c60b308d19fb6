"""The cache gives back what went in, survives kills, damage and company, and stays within its limit."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
import torch

from oddframe.cache import cache as cache_module
from oddframe.cache.cache import ObservationCache, cache_key
from oddframe.cache.entry import Entry, EntryWriter, empty_rows
from oddframe.cache.shards import MappedFiles
from oddframe.errors import OddframeWarning, SpecError, StoreError
from oddframe.testing.observers import assert_equal
from oddframe.types import Field, IntArray, Observations, Spec

SPEC = Spec({"a/b": Field((3,)), "small": Field((2, 2), torch.uint8), "half": Field((), torch.float16)})


def observations(start: int, count: int, *, track: bool = False) -> Observations:
    frame = np.arange(start, start + count)
    generator = torch.Generator().manual_seed(start)
    return Observations(
        video="v",
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.tile(np.arange(4, dtype=np.float32), (count, 1)),
        data={
            "a/b": torch.rand(count, 3, generator=generator),
            "small": torch.randint(0, 255, (count, 2, 2), dtype=torch.uint8, generator=generator),
            "half": torch.rand(count, generator=generator).half(),
        },
        track=frame * 7 if track else None,
        through=start + count,
    )


def filler(count: int = 10, calls: list[int] | None = None) -> Callable[[EntryWriter], None]:
    def fill(writer: EntryWriter) -> None:
        if calls is not None:
            calls.append(count)
        writer.add(observations(0, count))
        writer.close(frames=count, reasons=())

    return fill


def everything(entry: Entry, order: IntArray | None = None) -> dict[str, torch.Tensor]:
    rows = np.arange(entry.rows) if order is None else order
    arrays, tensors = empty_rows(entry.spec, len(rows))
    for name, array in arrays.items():
        entry.read(name, rows, MappedFiles(limit=2), array, np.arange(len(rows)))
    return tensors


@pytest.mark.parametrize("shard_bytes", [1, 50, 10**6])
@pytest.mark.parametrize("track", [False, True])
def test_what_went_in_comes_out_in_any_order(tmp_path: Path, shard_bytes: int, track: bool) -> None:
    pieces = [observations(0, 7, track=track), observations(7, 1, track=track), observations(8, 30, track=track)]
    writer = EntryWriter(tmp_path, SPEC, shard_bytes=shard_bytes)
    for piece in pieces:
        writer.add(piece)
    writer.close(frames=40, reasons=((2, 5, "dark"),), view={"x": 1})
    whole = Observations.concatenate(pieces)
    entry = Entry.load(tmp_path)
    assert (entry.frames, entry.rows, entry.reasons, entry.view) == (40, 38, ((2, 5, "dark"),), {"x": 1})
    assert entry.spec == SPEC
    found = entry.observations("v")
    assert found.through == 40
    assert_equal(found.columns(), Observations.concatenate([whole.columns(), Observations.none("v", through=40)]))
    order = np.random.default_rng(0).integers(0, 38, 100)
    for name, tensor in everything(entry, order).items():
        assert tensor.dtype == whole.data[name].dtype
        assert torch.equal(tensor, whole.data[name][torch.from_numpy(order)])


def test_data_that_break_the_spec_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="half"):
        EntryWriter(tmp_path, Spec({"half": Field(())})).add(observations(0, 2))


def test_a_video_without_observations_is_an_entry_too(tmp_path: Path) -> None:
    with ObservationCache(tmp_path) as cache:
        entry = cache.entry("k", SPEC, lambda writer: writer.close(frames=9, reasons=()))
        assert len(entry.observations("v")) == 0
        assert entry.observations("v").through == 9


def test_an_entry_is_made_once_and_found_by_everybody(tmp_path: Path) -> None:
    calls: list[int] = []
    for _ in range(2):
        with ObservationCache(tmp_path) as cache:
            cache.entry("k", SPEC, filler(10, calls))
            cache.entry("k", SPEC, filler(10, calls))
    assert calls == [10]


def test_keys_tell_everything_apart() -> None:
    assert cache_key("d", {"a": 1, "b": 2}) == cache_key("d", {"b": 2, "a": 1})
    assert (
        len({cache_key("d", {"a": 1}), cache_key("d", {"a": 2}), cache_key("e", {"a": 1}), cache_key("d", None)}) == 4
    )


@pytest.mark.parametrize("damage", ["cut", "gone", "meta", "format"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: str) -> None:
    with ObservationCache(tmp_path) as cache:
        folder = cache.entry("k", SPEC, filler()).folder
    shard = next(folder.glob("data-0.*.npy"))
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:-1])
    elif damage == "gone":
        shard.unlink()
    else:
        (folder / "entry.json").write_text("{" if damage == "meta" else '{"format": 0}')
    calls: list[int] = []
    with ObservationCache(tmp_path) as cache:
        with pytest.warns(OddframeWarning, match="observed again"):
            entry = cache.entry("k", SPEC, filler(12, calls))
        assert calls == [12]
        assert torch.equal(everything(entry)["a/b"], observations(0, 12).data["a/b"])


def test_a_failed_fill_leaves_nothing(tmp_path: Path) -> None:
    def fail(writer: EntryWriter) -> None:
        writer.add(observations(0, 5))
        raise KeyboardInterrupt

    with ObservationCache(tmp_path) as cache:
        with pytest.raises(KeyboardInterrupt):
            cache.entry("k", SPEC, fail)
        assert not list((tmp_path / "entries").iterdir())
        assert not list((tmp_path / "temporary").iterdir())
        assert cache.entry("k", SPEC, filler()).rows == 10


def _die_while_filling(folder: Path) -> None:
    def fill(writer: EntryWriter) -> None:
        writer.add(observations(0, 5))
        writer.close(frames=5, reasons=())
        os._exit(9)

    ObservationCache(folder).entry("k", SPEC, fill)


def test_what_a_killed_process_left_is_never_read_and_swept_up(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_while_filling, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert list((tmp_path / "temporary").iterdir())
    assert list((tmp_path / "in-use").glob("*.keys"))
    with ObservationCache(tmp_path) as cache:
        cache.entry("other", SPEC, filler())
        assert not list((tmp_path / "temporary").iterdir())
        assert len(list((tmp_path / "in-use").glob("*.keys"))) == 1
        assert cache.entry("k", SPEC, filler()).rows == 10


def _fill_together(folder: Path, barrier: Barrier, made: Queue[tuple[int, bool]]) -> None:
    calls: list[int] = []
    barrier.wait()
    with ObservationCache(folder) as cache:
        entry = cache.entry("k", SPEC, filler(2000, calls))
        same = torch.equal(everything(entry)["a/b"], observations(0, 2000).data["a/b"])
    made.put((len(calls), same))


def test_two_processes_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, made = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_fill_together, args=(tmp_path, barrier, made)) for _ in range(2)]
    for process in processes:
        process.start()
    results = [made.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(results) == [(0, True), (1, True)]


def test_the_entry_used_longest_ago_goes_first(tmp_path: Path) -> None:
    with ObservationCache(tmp_path) as cache:
        size = sum(f.stat().st_size for f in cache.entry("a", SPEC, filler()).folder.iterdir())
        cache.entry("b", SPEC, filler())
        cache.entry("c", SPEC, filler())
    for age, name in enumerate(["b", "c", "a"]):  # a was used last
        os.utime(tmp_path / "entries" / name / "entry.json", (1000 + age, 1000 + age))
    with ObservationCache(tmp_path, limit=3 * size) as cache:
        cache.entry("d", SPEC, filler())
    assert {f.name for f in (tmp_path / "entries").iterdir()} == {"c", "a", "d"}


def test_entries_in_use_stay_whoever_uses_them(tmp_path: Path) -> None:
    with ObservationCache(tmp_path, limit=0) as mine:
        entry = mine.entry("mine", SPEC, filler())
        with ObservationCache(tmp_path, limit=0) as other:
            other.entry("theirs", SPEC, filler())
        assert not (tmp_path / "entries" / "theirs").exists()
        assert torch.equal(everything(entry)["a/b"], observations(0, 10).data["a/b"])
    assert not list((tmp_path / "entries").iterdir())


def test_entries_without_a_key_are_private_and_go(tmp_path: Path) -> None:
    with ObservationCache(tmp_path) as cache:
        one, two = cache.entry(None, SPEC, filler(3)), cache.entry(None, SPEC, filler(4))
        assert (one.rows, two.rows) == (3, 4)
    assert not list((tmp_path / "entries").iterdir())
    forgotten = ObservationCache(tmp_path)
    forgotten.entry(None, SPEC, filler())
    del forgotten
    assert not list((tmp_path / "entries").iterdir())


def test_a_folder_that_cannot_be_written_says_how_to_choose_another(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match=r"file.*ODDFRAME_CACHE"):
        ObservationCache(file / "cache").entry("k", SPEC, filler())


def test_a_full_disk_is_a_typed_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with ObservationCache(tmp_path) as cache:
        with monkeypatch.context() as patch:
            patch.setattr(np, "save", full)
            with pytest.raises(StoreError, match="No space left"):
                cache.entry("k", SPEC, filler())
        assert not list((tmp_path / "temporary").iterdir())
        assert cache.entry("k", SPEC, filler()).rows == 10


def test_the_folder_comes_from_argument_environment_or_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODDFRAME_CACHE", str(tmp_path / "environment"))
    assert ObservationCache().folder == tmp_path / "environment"
    assert ObservationCache(tmp_path / "given").folder == tmp_path / "given"
    monkeypatch.delenv("ODDFRAME_CACHE")
    monkeypatch.setattr(cache_module, "user_cache_dir", lambda name: str(tmp_path / name))
    assert ObservationCache().folder == tmp_path / "oddframe"


def test_a_cleared_folder_is_filled_again(tmp_path: Path) -> None:
    with ObservationCache(tmp_path / "c") as cache:
        cache.entry("k", SPEC, filler())
    shutil.rmtree(tmp_path / "c")
    with ObservationCache(tmp_path / "c") as cache:
        assert cache.entry("k", SPEC, filler()).rows == 10
