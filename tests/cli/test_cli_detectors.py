"""Saved detectors that are none, damaged, newer, or cannot be written: one line, and nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from oddframe.engine.detector import Detector
from tests.cli.running import QUICK, Command, Result, content


def tensors(folder: Path) -> Path:
    """The largest file of tensors."""
    return max(folder.glob("*.safetensors"), key=lambda path: path.stat().st_size)


def flip(path: Path) -> None:
    """One bit of the last byte."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(folder: Path, **values: Any) -> None:
    """Replace values in the description."""
    index = folder / "detector.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | values))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda d: flip(tensors(d)), ".safetensors: cut or altered"),
        (lambda d: cut(tensors(d)), ".safetensors: cut or altered"),
        (lambda d: tensors(d).unlink(), ".safetensors: No such file"),
        (lambda d: cut(d / "detector.json"), "detector.json: damaged"),
        (lambda d: (d / "detector.json").write_text("[]"), "detector.json: not a detector's description"),
        (lambda d: (d / "detector.json").unlink(), ": is no saved detector"),
        (lambda d: change(d, format=99, oddframe="7.1"), "written by oddframe 7.1"),
        (lambda d: change(d, document={}), "its description is damaged"),
        (lambda d: change(d, files={}), "the saved state lacks"),
    ],
    ids=["flipped", "cut", "no-tensors", "cut-index", "no-object", "no-index", "newer", "no-document", "no-files"],
)
def test_a_damaged_detector_is_one_line_that_names_the_file(
    command: Command, detector: Path, fast: Path, damage: Callable[[Path], object], told: str
) -> None:
    damage(detector)
    before = content(detector)
    result = command("score", detector, fast, "--json")
    assert result.error.startswith(str(detector))
    assert told in result.error
    assert content(detector) == before
    traceback = command("score", detector, fast, "--debug")
    assert traceback.code == 1
    assert "Traceback (most recent call last)" in traceback.err
    assert told in traceback.err


def test_arguments_in_the_wrong_order_are_told_from_a_damaged_detector(
    command: Command, fitted: Path, fast: Path, tmp_path: Path
) -> None:
    assert command("score", fast, fitted).error.startswith(f"{fast}: is no saved detector")
    assert command("score", tmp_path / "none", fast).error.startswith(f"{tmp_path / 'none'}: nothing is there")
    assert command("score", tmp_path, fast).error.startswith(f"{tmp_path}: is no saved detector")


def test_a_detector_for_other_observations_says_so_once_and_not_for_every_video(
    command: Command, detector: Path, footage: Path
) -> None:
    document = json.loads((detector / "detector.json").read_text())["document"]
    document["fitted"]["spec"] = {"else": document["fitted"]["spec"]["speed"]}
    change(detector, document=document)
    told = command("score", detector, footage, "--json").error
    assert told.startswith("fitted on observations ['else'], which observer 'objects' does not give: fit it again")


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody whom permissions bind; root is bound by none."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that everybody may read and nobody but its owner write."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "locked").mkdir()
        (folder / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        folder.chmod(0o755)
        yield folder
        (folder / "locked").chmod(0o755)


def test_a_place_where_nothing_may_be_written_is_refused_before_the_long_work(
    command: Command, usual: Path, readable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detector, "fit", None)  # calling it would be an error of another kind
    with unprivileged():
        told = command("fit", usual, "-o", readable / "locked" / "d").error
    assert told.startswith(f"{readable / 'locked' / 'd'}: cannot be written (Permission denied)")
    assert not list((readable / "locked").iterdir())


def test_what_may_not_be_read_is_one_line_that_names_it(command: Command, fitted: Path, readable: Path) -> None:
    secret = readable / "secret.mp4"
    secret.write_bytes(b"x")
    secret.chmod(0)
    with unprivileged():
        told = command("info", secret).error
    assert told.startswith(f"{secret}: cannot be read (Permission denied)")


def test_whoever_may_read_one_file_of_a_detector_may_read_all(command: Command, usual: Path, tmp_path: Path) -> None:
    for mask, mode in ((0o022, 0o644), (0o027, 0o640)):
        before = os.umask(mask)
        try:
            assert command("fit", usual, "-o", tmp_path / "d", *QUICK).code == 0
        finally:
            os.umask(before)
        assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "d").iterdir()} == {mode}


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """The kernel refuses whatever makes any file longer, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fit_onto_a_full_disk(command: Command, usual: Path, target: Path, size: int) -> Result:
    """With everything observed before, so that only saving writes."""
    with files_end_at(size):
        return command("fit", usual, "-o", target, *QUICK)


@pytest.fixture
def observed(command: Command, usual: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound detector whose observations are in the cache; it has nothing that a greater one could carry over."""
    folder = tmp_path_factory.mktemp("observed") / "d"
    assert command("fit", usual, "-o", folder, *QUICK, "--set", "model.coreset=50").code == 0
    return folder


def test_a_full_disk_leaves_the_old_detector_and_no_half_of_a_new_one(
    command: Command, usual: Path, observed: Path, tmp_path: Path
) -> None:
    small, *_, large = sorted(path.stat().st_size for path in observed.iterdir())
    before = content(observed)
    for size in (0, small // 2, small, large // 2):
        for target in (tmp_path / "new", observed):
            result = fit_onto_a_full_disk(command, usual, target, size)
            assert result.code == 1
            (told,) = result.errors
            assert "File too large" in told
            assert not list(tmp_path.iterdir())
            assert content(observed) == before


def test_a_cache_on_a_full_disk_says_where_else_it_can_go(command: Command, usual: Path, tmp_path: Path) -> None:
    with files_end_at(3000):
        result = command("fit", usual, "-o", tmp_path / "d", "--cache", tmp_path / "cache", *QUICK)
    assert result.code == 1
    (told,) = result.errors
    assert told.startswith(f"error: {tmp_path / 'cache'}")
    assert "File too large" in told
    assert "choose another cache folder (--cache, ODDFRAME_CACHE)" in told
    assert not (tmp_path / "d").exists()
    assert not list((tmp_path / "cache" / "entries").iterdir())
    assert not list((tmp_path / "cache" / "temporary").iterdir())


def test_a_cache_that_cannot_be_made_says_where_else_it_can_go(command: Command, usual: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    told = command("fit", usual, "-o", tmp_path / "d", "--cache", tmp_path / "file", *QUICK).error
    assert told.startswith(f"{tmp_path / 'file'}")
    assert "choose another cache folder" in told
    assert content(tmp_path) == {"file": b"precious"}
