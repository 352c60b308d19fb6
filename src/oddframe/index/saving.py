"""Checked reading of saved tensors and values: what does not fit raises `StoreError` before it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.errors import StoreError

_T = TypeVar("_T")


def stored_tensor(tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype, *shape: int | None) -> Tensor:
    """The tensor saved under `name`, contiguous, on the CPU, with the expected shape and dtype, and finite.

    Args:
        tensors: what was saved.
        name: which of them.
        dtype: the expected one.
        shape: the expected lengths; None = any.

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
    """The saved tensor as an array over the same memory; see `stored_tensor`.

    Args:
        tensors: what was saved.
        name: which of them.
        dtype: the expected one.
        shape: the expected lengths; None = any.
    """
    array: npt.NDArray[Any] = stored_tensor(tensors, name, dtype, *shape).numpy()
    return array


def stored_value(meta: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    """The value saved under `name`.

    Args:
        meta: what was saved.
        name: which of them.
        kind: the expected class.

    Raises:
        StoreError: it is missing, or of another class.
    """
    value = meta.get(name)
    if not isinstance(value, kind):
        raise StoreError(f"the saved state's {name} should be a {kind.__name__}, not {value!r}; the file is damaged")
    return value


def stored_names(meta: Mapping[str, Any], name: str) -> list[str]:
    """The list of distinct texts saved under `name`.

    Args:
        meta: what was saved.
        name: which of them.

    Raises:
        StoreError: it is missing, or anything else.
    """
    value = meta.get(name)
    texts = isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, str) for v in value)
    if value is None or not texts or len(set(value)) != len(value):
        raise StoreError(f"the saved state's {name} should be a list of distinct texts; the file is damaged")
    return list(value)


def to_tensor(array: npt.NDArray[Any]) -> Tensor:
    """An array as a contiguous tensor for saving; it shares memory where the array is contiguous and writable."""
    contiguous = np.ascontiguousarray(array)
    return torch.from_numpy(contiguous if contiguous.flags.writeable else contiguous.copy())
