"""States of parts inside the state of a whole."""

from __future__ import annotations

from oddframe.errors import StoreError
from oddframe.models.base import ModelState


def nest(**parts: ModelState) -> ModelState:
    """One state out of several: tensors under "part.name", JSON values under "part".

    >>> import torch
    >>> whole = nest(net=ModelState({"weight": torch.zeros(1)}, {"rank": 1}))
    >>> list(whole.tensors), dict(whole.meta)
    (['net.weight'], {'net': {'rank': 1}})
    """
    tensors = {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.tensors.items()}
    return ModelState(tensors, {part: dict(state.meta) for part, state in parts.items()})


def inner(state: ModelState, part: str) -> ModelState:
    """The state of one part again. Raises `StoreError` if there is none."""
    meta = state.meta.get(part)
    if not isinstance(meta, dict):
        raise StoreError(f"the saved state lacks its part {part}; it belongs to another model, or is damaged")
    tensors = {n.removeprefix(f"{part}."): t for n, t in state.tensors.items() if n.startswith(f"{part}.")}
    return ModelState(tensors, meta)
