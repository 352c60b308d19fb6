"""A saved detector from a stranger reads nothing outside of it, and nothing from the network, unless allowed to."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from oddframe.backbones.checkpoint import sha256_of
from oddframe.backbones.slowfast import SlowFast
from oddframe.engine import Detector
from oddframe.engine.store import INDEX
from oddframe.errors import StoreError
from oddframe.observers.snippet import Snippet
from oddframe.testing.sources import synthetic_source
from tests.cli.running import Command, runner

URL = "http://192.0.2.1/net.pkl"
SHA = "0" * 64


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder of this test's own, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tmp_path / "weights"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return runner(capsys)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved detector with a backbone."""
    folder = tmp_path_factory.mktemp("pristine") / "d.oddframe"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODDFRAME_WEIGHTS", str(folder.parent / "weights"))
        detector = Detector(observer=Snippet(backbone=SlowFast("random", size=64)), model="knn")
        detector.fit(synthetic_source(detector.observer.spec, frames=6), holdout=0).save(folder)
    return folder


def hostile(pristine: Path, folder: Path, backbone: dict[str, Any]) -> Path:
    """The same detector with another backbone in its description."""
    folder.mkdir()
    for file in pristine.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    index = json.loads((folder / INDEX).read_bytes())
    index["document"]["observer"]["settings"]["backbone"] = {"version": 1, **backbone}
    (folder / INDEX).write_text(json.dumps(index))
    return folder


BACKBONES: dict[str, dict[str, Any]] = {
    "url": {"name": "slowfast", "settings": {"weights": URL, "sha256": SHA, "size": 64, "seed": 0}},
    "url without checksum": {"name": "slowfast", "settings": {"weights": URL, "size": 64, "seed": 0}},
    "endless device": {"name": "slowfast", "settings": {"weights": "/dev/zero", "size": 64, "seed": 0}},
    "password file": {"name": "slowfast", "settings": {"weights": "/etc/passwd", "sha256": SHA, "size": 64}},
    "relative": {"name": "slowfast", "settings": {"weights": "../../etc/passwd", "size": 64}},
    "out of the weights folder": {"name": "slowfast", "settings": {"weights": "{weights}/../x.pkl", "size": 64}},
    "hub": {"name": "hf", "settings": {"model": "nobody/nothing"}},
    "hub folder": {"name": "hf", "settings": {"model": "/proc/self"}},
    "home": {"name": "hf", "settings": {"model": "~"}},
}


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
def test_loading_reads_nothing_outside(
    backbone: dict[str, Any], pristine: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backbone["name"] == "hf":
        pytest.importorskip("transformers")
    filled = json.loads(json.dumps(backbone).replace("{weights}", str(weights)))
    folder = hostile(pristine, tmp_path / "d.oddframe", filled)
    read: list[Path] = []
    monkeypatch.setattr("oddframe.backbones.slowfast.sha256_of", read.append)
    monkeypatch.setattr("oddframe.backbones.checkpoint.sha256_of", read.append)
    with pytest.raises(StoreError, match=r"--allow-(fetch|files)"):
        Detector.load(folder)
    assert not read
    assert not weights.exists()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    file = tmp_path / "mine" / "net.pkl"
    file.parent.mkdir()
    file.write_bytes(b"weights")
    return file


def naming(pristine: Path, tmp_path: Path, checkpoint: Path) -> Path:
    settings = {"weights": str(checkpoint), "sha256": sha256_of(checkpoint), "size": 64, "seed": 0}
    return hostile(pristine, tmp_path / "d.oddframe", {"name": "slowfast", "settings": settings})


def test_what_the_user_names_may_be_read(pristine: Path, tmp_path: Path, checkpoint: Path, weights: Path) -> None:
    folder = naming(pristine, tmp_path, checkpoint)
    with pytest.raises(StoreError, match=f"--allow-files {checkpoint}"):
        Detector.load(folder)
    for allowed in (checkpoint, checkpoint.parent, str(checkpoint)):
        Detector.load(folder, allow_files=[allowed])
    with pytest.raises(StoreError, match="--allow-files"):
        Detector.load(folder, allow_files=[tmp_path / "other"])


def test_a_detector_that_was_saved_here_loads_without_asking(
    pristine: Path, tmp_path: Path, checkpoint: Path, weights: Path
) -> None:
    """Whoever fits with a file of his own is not asked about it each time; another content is another file."""
    folder = naming(pristine, tmp_path, checkpoint)
    Detector.load(folder, allow_files=[checkpoint]).save(folder)
    Detector.load(folder)
    Detector.load(folder).save(tmp_path / "copy.oddframe")
    index = (folder / INDEX).read_text()
    (folder / INDEX).write_text(index.replace(sha256_of(checkpoint), SHA))
    with pytest.raises(StoreError, match="--allow-files"):
        Detector.load(folder)


def test_the_weights_folder_may_be_read(pristine: Path, tmp_path: Path, checkpoint: Path, weights: Path) -> None:
    weights.mkdir()
    Detector.load(naming(pristine, tmp_path, checkpoint.rename(weights / "net.pkl")))


def test_fetching_is_asked_for(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hostile(pristine, tmp_path / "d.oddframe", BACKBONES["url"])
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr("oddframe.backbones.slowfast.fetch_file", lambda url, sha, _: asked.append((url, sha)))
    Detector.load(folder, allow_fetch=True)
    assert asked == [(URL, SHA)]


def test_the_command_line_has_the_same_two_permissions(
    pristine: Path, tmp_path: Path, checkpoint: Path, command: Command
) -> None:
    folder = naming(pristine, tmp_path, checkpoint)
    assert f"--allow-files {checkpoint}" in command("info", folder).error
    assert command("info", folder, "--allow-files", checkpoint).code == 0
    far = hostile(pristine, tmp_path / "far.oddframe", BACKBONES["url"])
    for name in ("info", "forget"):
        assert "--allow-fetch" in command(name, far, *["video"][: name == "forget"]).error
