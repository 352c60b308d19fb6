"""Caffe2 checkpoints of the SlowFast project's model zoo, read without running anything that they say.

Such a file is a pickle of `{"blobs": {name: array, ...}}`, written by Python 2 (see `oddframe.weights.pickled`).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from oddframe.weights.pickled import read_pickle


def read_blobs(file: Path) -> dict[str, Tensor]:
    """The arrays of a Caffe2 checkpoint by name; what is no array (counters, rates) is left out.

    Raises:
        ValueError: it is no such file, or not whole.
    """
    blobs = read_pickle(file).get("blobs")
    if not isinstance(blobs, dict):
        raise ValueError("it has no blobs")
    return {name: torch.from_numpy(value) for name, value in blobs.items() if not isinstance(value, dict)}
