"""Names for the arrays that cross room borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ImageArray: TypeAlias = npt.NDArray[np.uint8]

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def frozen_array(value: npt.ArrayLike, dtype: npt.DTypeLike, name: str, *shape: int | None) -> npt.NDArray[Any]:
    """A read-only array of `dtype` whose shape matches `shape` (None = any length); copies only to convert.

    Raises:
        ValueError: the shape differs; the message names `name`.
    """
    array = np.asarray(value, dtype=dtype)
    if len(array.shape) != len(shape) or any(w is not None and w != h for w, h in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("any" if w is None else str(w) for w in shape)
        raise ValueError(f"{name} must have shape ({wanted}), not {array.shape}")
    view = array.view()
    view.flags.writeable = False
    return view
