"""Checkpoints of pretrained networks: found or fetched, compared with their checksum, read without being executed."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.request
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import torch
from safetensors.torch import load_file
from torch import Tensor

from oddframe.backbones.caffe2_file import read_blobs
from oddframe.errors import WeightsError
from oddframe.types import Progress, Run
from oddframe.weights.store import folder

_PIECE = 1 << 20
_TORCH_BEFORE_ZIP = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The number that torch files began with, pickled, before they became archives."""
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MOST = 8 * 2**30
"""Bytes of a download."""
_NESTED = ("model_state", "state_dict", "model")


def is_url(weights: str) -> bool:
    """Whether it is to be downloaded."""
    return urlsplit(weights).scheme in ("http", "https")


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"{file}: {error.strerror or error}; give the path of a downloaded checkpoint, or put it there"
        ) from error


def fetched_file(url: str, sha256: str) -> Path:
    """Where a checkpoint lies once it has been fetched.

    Raises:
        WeightsError: the checksum is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise WeightsError(f"{url}: sha256 {sha256[:80]!r} is not 64 hexadecimal digits; correct it")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(urlsplit(url).path).name)[-80:]
    return folder() / "fetched" / f"{sha256.lower()}-{name}"


def checked_file(weights: str, sha256: str) -> Path:
    """The checkpoint on this machine, its content as expected. Nothing is fetched.

    Args:
        weights: a path, or the URL that it was fetched from.
        sha256: of its content, 64 hexadecimal digits.

    Raises:
        WeightsError: it is not there, or has another checksum.
    """
    if is_url(weights) and not fetched_file(weights, sha256).is_file():
        raise WeightsError(f"{weights}: is not on this machine; fetch it with --allow-fetch, or download it yourself")
    file = fetched_file(weights, sha256) if is_url(weights) else Path(weights)
    _compare(file, sha256_of(file), sha256)
    return file


def fetch_file(url: str, sha256: str, run: Run = Run()) -> Path:
    """Download a checkpoint to the weights folder, where it is not there yet, and compare its content.

    Args:
        url: where it is.
        sha256: of its content, 64 hexadecimal digits.
        run: is told of the download.

    Raises:
        WeightsError: it cannot be fetched, or has another checksum.
    """
    file = fetched_file(url, sha256)
    if file.is_file():
        return checked_file(url, sha256)
    partial = file.with_name(f"{uuid4().hex}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _compare(url, _fetched(url, partial, run), sha256)
        partial.replace(file)
    except (OSError, HTTPException, ValueError) as error:
        raise WeightsError(f"{url}: {error}; download it by other means and give its path") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return file


def read_tensors(file: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint by the names in the file.

    Reads safetensors, files of torch (also with the tensors under "model_state", "state_dict" or "model") and Caffe2
    checkpoints.

    Raises:
        WeightsError: it is none of these, or damaged.
    """
    try:
        return _tensors(load_file(file) if file.suffix == ".safetensors" else _read(file))
    except WeightsError:
        raise
    except Exception as error:  # a damaged file may raise anything
        reason = (str(error) or type(error).__name__).partition("\n")[0]
        raise WeightsError(
            f"{file}: not a checkpoint that can be read safely ({reason}); where you trust it, load it and save its"
            " tensors with safetensors.torch.save_file"
        ) from error


def _compare(name: Path | str, found: str, expected: str) -> None:
    if found != expected.lower():
        raise WeightsError(f"{name}: has sha256 {found}, not {expected}; download it again, or correct sha256")


def _fetched(url: str, partial: Path, run: Run) -> str:
    """Download to `partial`; the content's SHA-256."""
    digest, done = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=60) as response, partial.open("xb") as out:
        total = response.headers.get("Content-Length")
        while piece := response.read(_PIECE):
            done += len(piece)
            if done > _MOST:
                raise ValueError(f"has more than {_MOST >> 30} GiB")
            out.write(piece)
            digest.update(piece)
            share = int(total) // _PIECE if (total or "").isdecimal() else None
            run.progress(Progress("downloading weights", done // _PIECE, share, "MiB"))
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _read(file: Path) -> Mapping[str, Any]:
    with file.open("rb") as stream:
        old_torch = _TORCH_BEFORE_ZIP in stream.read(64)
    if not old_torch and not zipfile.is_zipfile(file):
        return read_blobs(file)
    content = torch.load(file, map_location="cpu", weights_only=True)
    for key in _NESTED:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            return dict(content[key])
    return dict(content)


def _tensors(content: Mapping[str, Any]) -> dict[str, Tensor]:
    found = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not found:
        raise ValueError("it holds no tensors")
    return found
