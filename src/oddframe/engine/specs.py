"""Specs and reasons as JSON, and back."""

from __future__ import annotations

from typing import Any

import torch

from oddframe.scoring import Reasons
from oddframe.types import Field, Json, Spec


def spec_to_json(spec: Spec) -> Json:
    """Name -> shape and dtype.

    >>> spec_to_json(Spec({"flow": Field((8,))}))
    {'flow': {'shape': [8], 'dtype': 'float32'}}
    """
    return {
        name: {"shape": list(field.shape), "dtype": str(field.dtype).removeprefix("torch.")}
        for name, field in spec.fields.items()
    }


def spec_from_json(value: Any) -> Spec:
    """The inverse. Raises KeyError, TypeError, ValueError or AttributeError for anything else."""
    return Spec({name: Field(tuple(map(int, f["shape"])), dtype(f["dtype"])) for name, f in value.items()})


def dtype(name: str) -> torch.dtype:
    """A torch dtype by name. Raises ValueError where there is none."""
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"no dtype {name!r}")
    return found


def reasons_from_json(value: Any) -> Reasons:
    """Runs of unscorable frames. Raises TypeError or ValueError for anything else."""
    return tuple((int(start), int(stop), str(word)) for start, stop, word in value)
