"""Batch normalisation over the rows of all processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def synchronised(module: nn.Module) -> Iterator[None]:
    """Let the module's batch normalisations see the rows of all processes while the block lasts (GPUs only).

    Parameters and buffers are those of the module's own layers, which come back afterwards.
    """
    replaced = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.modules.batchnorm._BatchNorm)
    ]
    nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for parent, name, child in replaced:
            setattr(parent, name, child)
