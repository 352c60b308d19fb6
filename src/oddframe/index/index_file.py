"""One file of tensors, written whole or not at all, and read without copying."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from oddframe.errors import NewerFormat, StoreError
from oddframe.types import Json

FORMAT = 1
_KEY = "oddframe.index"


def write_index(path: str | Path, tensors: Mapping[str, Tensor], values: Mapping[str, Json]) -> None:
    """Write beside the file, then move into its place.

    Raises:
        StoreError: the disk is full, or writing is not allowed; then nothing has changed.
    """
    target = Path(path).expanduser().absolute()
    temporary = target.with_name(f".{target.name}.{uuid4().hex[:12]}.saving")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode  # what the umask says, where safetensors would let only us read it
        save_file(dict(tensors), temporary, {_KEY: json.dumps({"format": FORMAT, **values})})
        temporary.chmod(mode)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreError(f"{target}: cannot be written ({why}); free some space or save to another place") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_index(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors over the file's own pages, read from the disk when they are touched, and the values beside them.

    Raises:
        StoreError: there is no such file, it is cut short, or it is no index.
        NewerFormat: a newer version of oddframe wrote it.
    """
    target = Path(path).expanduser().absolute()
    try:
        with safe_open(target, framework="pt") as file:
            values = json.loads((file.metadata() or {}).get(_KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except (OSError, SafetensorError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreError(f"{target}: cannot be read as an index, or is cut short ({why}); build it again") from error
    if not isinstance(values, dict) or not isinstance(values.get("format"), int):
        raise StoreError(f"{target}: is no index of hash tables; name a file that `HashTables.save` wrote")
    if values["format"] > FORMAT:
        raise NewerFormat(f"{target}: written by a newer version of oddframe; install that version")
    return tensors, values
