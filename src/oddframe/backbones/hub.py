"""Models as the Hugging Face hub keeps them: where they lie, which ones they are, how they want their pictures."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oddframe.errors import SettingsError, WeightsError
from oddframe.files import UNREADABLE, read_json
from oddframe.types import Outside

PREPARED = ("preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json")
FILES = ("*.json", "model*.safetensors")
_REVISION = re.compile(r"[\w][\w./-]{0,99}", re.ASCII)


def library(name: str) -> Any:
    """A library of the extra `hf`. Raises `SettingsError` where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingsError(f"hf: needs {name} ({error}); pip install 'oddframe[hf]'") from error


def hub_folder(model: str, revision: str | None, files: tuple[str, ...]) -> Path:
    """The folder itself, or the hub's snapshot on this machine; nothing is fetched.

    Args:
        model: a folder, or a name on the hub.
        revision: of a name: a branch, a tag or a commit; None = the main branch as it was fetched.
        files: patterns of the files that are needed.

    Raises:
        WeightsError: there is neither.
    """
    if Path(model).is_dir():
        return Path(model)
    try:
        return _snapshot(model, revision, files, fetch=False)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"hf: {model} is no folder, and no model of the hub that is on this machine; fetch it with --allow-fetch"
        ) from error


def fetch_model(model: str, revision: str | None) -> None:
    """Fetch a model of the hub, unless it is a folder.

    Raises:
        WeightsError: it cannot be fetched.
    """
    if Path(model).is_dir():
        return
    try:
        _snapshot(model, revision, FILES, fetch=True)
    except SettingsError:
        raise
    except Exception as error:  # networks fail in many ways
        reason = (str(error) or type(error).__name__).partition("\n")[0]
        raise WeightsError(f"hf: {model} is no folder, and the hub says: {reason}; give a folder or a name") from error


def _snapshot(model: str, revision: str | None, files: tuple[str, ...], *, fetch: bool) -> Path:
    """The revision becomes part of a path, so it is looked at first."""
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise ValueError(f"revision {revision[:80]!r} is no branch, tag or commit")
    hub = library("huggingface_hub")
    return Path(hub.snapshot_download(model, revision=revision, allow_patterns=list(files), local_files_only=not fetch))


def outside_of(settings: Mapping[str, Any]) -> tuple[Outside, ...]:
    """What a part with a `model` and a `revision` reads: a folder, or the hub's snapshot."""
    model, revision = str(settings.get("model")), settings.get("revision")
    path = Path(model).expanduser()
    if path.is_absolute() or path.exists():
        return (Outside("file", str(path.absolute()), revision),)
    try:
        hub_folder(model, revision, FILES)
    except WeightsError:
        return (Outside("network", model, revision, here=False),)
    return (Outside("network", model, revision),)


def is_digest(revision: str) -> bool:
    """Whether it is that of a folder's files, and no commit."""
    return revision.startswith("sha256:")


def revision_of(model: str, folder: Path) -> str:
    """The commit of the hub's snapshot, which is its folder's name; the digest of a folder's own files."""
    if not Path(model).is_dir():
        return folder.name
    digest = hashlib.sha256()
    for file in sorted(file for pattern in FILES for file in folder.glob(pattern)):
        with file.open("rb") as stream:
            digest.update(f"{file.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def configuration(model: str, folder: Path) -> Any:
    """The model's own, as transformers reads it. Raises `WeightsError` where there is none."""
    try:
        return library("transformers").AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(
            f"hf: {model} holds no model of transformers ({reason}); give one with a config.json"
        ) from error


def preparation(folder: Path) -> tuple[Tensor, Tensor]:
    """(3, 1, 1) factor and shift from uint8 values to what the model was trained on. Raises `WeightsError`."""
    for name in PREPARED:
        if not (folder / name).is_file():
            continue
        try:
            told = read_json(folder / name)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{folder / name}: cannot be read ({error}); take it from the model's page") from error
        told = told.get("image_processor") or told.get("video_processor") or told
        if "image_mean" in told and "image_std" in told:
            mean, std = (torch.tensor(told[key], dtype=torch.float32) for key in ("image_mean", "image_std"))
            if not told.get("do_normalize", True):
                mean, std = torch.zeros(3), torch.ones(3)
            scale = told.get("rescale_factor", 1 / 255) if told.get("do_rescale", True) else 1.0
            return (scale / std).reshape(3, 1, 1), (-mean / std).reshape(3, 1, 1)
    raise WeightsError(f"{folder}: no {PREPARED[0]} with image_mean and image_std; take it from the model's page")
