"""Pictures through a backbone in batches of one fixed size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.types import ImageArray, Run


def embed_in_batches(backbone: Backbone, clips: Sequence[ImageArray], batch: int, run: Run) -> Tensor:
    """Clips of (frames, H, W, 3) each -> (N, features) float32, `batch` at a time.

    The last batch is filled up with black: libraries choose their arithmetic by the batch's size, so only a size that
    never changes gives a picture the same feature whatever company it comes in.
    """
    parts = []
    for start in range(0, len(clips), batch):
        group = np.stack(clips[start : start + batch])  # (n, frames, H, W, 3)
        full = np.zeros((batch, *group.shape[1:]), np.uint8)
        full[: len(group)] = group
        parts.append(backbone.embed(torch.from_numpy(full), run)[: len(group)])
    return torch.cat(parts) if parts else torch.zeros((0, backbone.features))
