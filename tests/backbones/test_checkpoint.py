"""Checkpoints are fetched whole or not at all, and reading one never runs it."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from oddframe.backbones.caffe2_file import read_blobs
from oddframe.backbones.checkpoint import checked_file, fetch_file, fetched_file, read_tensors
from oddframe.errors import WeightsError
from oddframe.types import Progress, Run
from tests.backbones.checkpoints import as_python_2

CONTENT = b"weights" * 300_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where `CONTENT` can be downloaded; the weights folder is empty."""
    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "net.pkl").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/net.pkl"
    server.shutdown()
    server.server_close()


def test_a_download_is_checked_moved_and_kept(url: str, tmp_path: Path) -> None:
    told: list[Progress] = []
    file = fetch_file(url, DIGEST.upper(), Run(progress=told.append))
    assert file.read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "weights" / "fetched").iterdir()] == [f"{DIGEST}-net.pkl"]
    assert (told[-1].done, told[-1].total) == (2, 2)
    (tmp_path / "served" / "net.pkl").unlink()
    assert fetch_file(url, DIGEST) == checked_file(url, DIGEST) == file


def test_nothing_is_downloaded_unasked(url: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not on this machine; fetch it with --allow-fetch"):
        checked_file(url, DIGEST)
    assert not (tmp_path / "weights").exists()


def test_a_wrong_download_leaves_nothing(url: str, tmp_path: Path) -> None:
    other = "0" * 64
    with pytest.raises(WeightsError, match=f"{url}: has sha256 {DIGEST}, not {other}; download it again"):
        fetch_file(url, other)
    with pytest.raises(WeightsError, match=r"404.*by other means"):
        fetch_file(url.replace("net", "other"), DIGEST)
    fetched = tmp_path / "weights" / "fetched"
    assert list(fetched.iterdir()) == []
    fetched.rmdir()
    fetched.touch()
    with pytest.raises(WeightsError, match=r"weights.*by other means"):
        fetch_file(url, DIGEST)


@pytest.mark.parametrize("sha256", ["00", "../../../../x", "", "g" * 64])
def test_a_checksum_that_is_none_names_no_file(url: str, sha256: str) -> None:
    with pytest.raises(WeightsError, match="64 hexadecimal digits"):
        fetch_file(url, sha256)


def test_a_download_has_a_limit_and_lies_in_its_folder(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetched_file("http://x/..%2f..%2fevil\n", DIGEST).parent == tmp_path / "weights" / "fetched"
    monkeypatch.setattr("oddframe.backbones.checkpoint._MOST", len(CONTENT) - 1)
    with pytest.raises(WeightsError, match="has more than 0 GiB"):
        fetch_file(url, DIGEST)


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.pkl"
    file.write_bytes(CONTENT)
    assert checked_file(str(file), DIGEST) == file
    file.write_bytes(CONTENT[1:])
    with pytest.raises(WeightsError, match=r"net.pkl: has sha256"):
        checked_file(str(file), DIGEST)


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("form", ["caffe2", "torch", "old torch"])
def test_reading_never_runs_what_a_file_says(form: str, tmp_path: Path) -> None:
    file, trace = tmp_path / "evil.pkl", tmp_path / "it-ran"
    evil = {"blobs": {"conv1_w": Evil(trace)}}
    if form == "caffe2":
        file.write_bytes(pickle.dumps(evil, protocol=2))
    else:
        torch.save(evil, file, _use_new_zipfile_serialization=form == "torch")
    with pytest.raises(WeightsError, match=r"evil.pkl: not a checkpoint that can be read safely"):
        read_tensors(file)
    assert not trace.exists()


@settings(max_examples=30)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    kind=st.sampled_from(["f2", "f4", "f8", "i4", "i8"]),
    fortran=st.booleans(),
    python_2=st.booleans(),
)
def test_arrays_come_back(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], kind: str, fortran: bool, python_2: bool
) -> None:
    values = (np.random.default_rng(0).normal(size=shape) * 100).astype(kind)
    array = np.asfortranarray(values) if fortran else values
    content = {"blobs": {"array": array, "number": np.float64(1), "text": "x"}}
    file = tmp_path_factory.mktemp("blobs") / "net.pkl"
    file.write_bytes(as_python_2(content) if python_2 else pickle.dumps(content, protocol=2))
    found = read_blobs(file)
    assert found.keys() == {"array"}
    assert np.array_equal(found["array"].numpy(), array)
    assert found["array"].numpy().dtype == array.dtype


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps([1]),
        pickle.dumps({"blobs": {"x": np.array(["text"])}}, protocol=2),
        pickle.dumps({"blobs": {"x": np.zeros(3, ">f4")}}, protocol=2),
        pickle.dumps({"blobs": {"x": np.zeros(300, "f4")}}, protocol=2)[:-200],
        pickle.dumps({"blobs": {}}, protocol=2),
    ],
)
def test_damaged_and_strange_files_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.pkl").write_bytes(content)
    with pytest.raises(WeightsError, match=r"net.pkl: not a checkpoint.*safetensors"):
        read_tensors(tmp_path / "net.pkl")


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file({"x": torch.arange(3.0)}, tmp_path / "net.safetensors")
    assert read_tensors(tmp_path / "net.safetensors")["x"].tolist() == [0, 1, 2]
