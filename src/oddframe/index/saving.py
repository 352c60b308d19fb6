"""Reading saved tensors and values with suspicion: what does not fit raises `StoreError` before it is used.

One file of tensors, written whole or not at all, and read without copying.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from oddframe.errors import NewerFormat, StoreError
from oddframe.types import Json

_T = TypeVar("_T")


def stored_tensor(tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype, *shape: int | None) -> Tensor:
    """The tensor saved under `name`, contiguous, its shape (None = any length) and dtype as expected and finite.

    Raises:
        StoreError: it is missing, or differs.
    """
    tensor = tensors.get(name)
    if tensor is None:
        raise StoreError(f"the saved state lacks {name}; save the detector again")
    fits = tensor.dim() == len(shape) and all(w is None or w == h for w, h in zip(shape, tensor.shape, strict=True))
    if tensor.dtype != dtype or not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        found = f"{tuple(tensor.shape)} {tensor.dtype}"
        raise StoreError(
            f"saved {name} is {found}, not ({wanted}) {dtype}; restore it with the settings it was saved with"
        )
    # The extremes alone: they are nan where any value is, and looking at each takes twenty times as long.
    if dtype.is_floating_point and tensor.numel() and not all(map(math.isfinite, map(float, torch.aminmax(tensor)))):
        raise StoreError(f"saved {name} holds values that are not finite; the file is damaged")
    return tensor.detach().cpu().contiguous()


def stored_array(tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype, *shape: int | None) -> npt.NDArray[Any]:
    """`stored_tensor` as an array over the same memory."""
    array: npt.NDArray[Any] = stored_tensor(tensors, name, dtype, *shape).numpy()
    return array


def stored_value(meta: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    """The value saved under `name`, of this kind.

    Raises:
        StoreError: it is missing, or of another kind.
    """
    value = meta.get(name)
    if not isinstance(value, kind):
        raise StoreError(f"the saved state's {name} should be a {kind.__name__}, not {value!r}; the file is damaged")
    return value


def stored_names(meta: Mapping[str, Any], name: str) -> list[str]:
    """The list of distinct texts saved under `name`.

    Raises:
        StoreError: it is missing, or anything else.
    """
    value = meta.get(name)
    texts = isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, str) for v in value)
    if value is None or not texts or len(set(value)) != len(value):
        raise StoreError(f"the saved state's {name} should be a list of distinct texts; the file is damaged")
    return list(value)


def to_tensor(array: npt.NDArray[Any]) -> Tensor:
    """An array as a contiguous tensor for saving; shares memory where the array is contiguous and writable."""
    contiguous = np.ascontiguousarray(array)
    return torch.from_numpy(contiguous if contiguous.flags.writeable else contiguous.copy())


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
