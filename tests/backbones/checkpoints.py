"""Checkpoints of random weights in the published spellings, written as their publishers write them."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.slowfast_names import spellings

CLASSIFIER = (("head.projection.weight", "blocks.6.proj.weight", "pred_w"), (2, 2304))


def spelt(state: Mapping[str, Tensor], spelling: int) -> dict[str, Tensor]:
    """The state under SlowFast's (0), PyTorchVideo's (1) or Caffe2's (2) names, with a classifier."""
    names, shape = CLASSIFIER
    return {spellings(name)[spelling]: tensor for name, tensor in state.items()} | {names[spelling]: torch.zeros(shape)}


def write_caffe2(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """As a Caffe2 trainer under Python 2 wrote it: counters, momenta, bytes as text; no count of batches."""
    blobs: dict[str, object] = {
        name: tensor.numpy() for name, tensor in tensors.items() if not name.endswith("tracked")
    }
    blobs |= {"lr": np.float32(0.1), "model_iter": np.array([7]), "conv1_w_momentum": np.zeros((2, 2), np.float32)}
    file.write_bytes(as_python_2({"blobs": blobs, "cfg": "MODEL: slowfast"}))


class _Python2(pickle._Pickler):
    """Bytes become what Python 2 called a string: SHORT_BINSTRING or BINSTRING."""

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if isinstance(obj, bytes):
            self.write(b"T" + struct.pack("<i", len(obj)) + obj)  # type: ignore[attr-defined]
        else:
            super().save(obj, save_persistent_id)  # type: ignore[misc]


def as_python_2(value: object) -> bytes:
    """A pickle in the form of Python 2."""
    out = io.BytesIO()
    _Python2(out, protocol=2).dump(value)
    return out.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
