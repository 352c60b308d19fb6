"""The appearance of tracked things: crops of the source picture through a backbone, in batches of one fixed size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.observers.tracking import Track, Values
from oddframe.types import Frame, ImageArray, Run


class CropEmbedder:
    """Embeds the square around each track, shortened by a fixed random projection.

    Distances between projected features are those between the features, but for a few per cent (Johnson and
    Lindenstrauss), at a twentieth of the size.

    Args:
        backbone: a picture backbone.
        size: values to keep.
        batch: crops per run of the backbone.
        pixels: side of the crop before the backbone resizes it.
    """

    def __init__(self, backbone: Backbone, size: int, run: Run, batch: int = 4, pixels: int = 64) -> None:
        self._backbone, self._run, self._batch, self._pixels = backbone, run, batch, pixels
        generator = torch.Generator().manual_seed(0)
        self._projection = torch.randn(backbone.features, size, generator=generator) / size**0.5

    def look(self, frame: Frame, tracks: Sequence[Track], scale: float) -> None:
        """Give every track the embedding of what it looks like in this frame."""
        crops = [square_crop(frame.image, track.box * scale, self._pixels)[None] for track in tracks]
        for track, feature in zip(tracks, embed_in_batches(self._backbone, crops, self._batch, self._run), strict=True):
            # One row at a time, so that the product does not depend on how many rows there are.
            track.embedding = feature @ self._projection


def square_crop(image: ImageArray, box: Values, pixels: int, margin: float = 0.1) -> ImageArray:
    """The square around a box, with a margin, as (pixels, pixels, 3); edge pixels are repeated outside the picture."""
    centre = (box[:2] + box[2:]) / 2
    side = max(2.0, float(max(box[2] - box[0], box[3] - box[1])) * (1 + 2 * margin))
    if side <= 2 * pixels:
        return _warp(image, centre, pixels / side, pixels)
    whole = _warp(image, centre, 1.0, round(side))  # a large square is averaged down, not picked from
    return np.asarray(cv2.resize(whole, (pixels, pixels), interpolation=cv2.INTER_AREA), np.uint8)


def _warp(image: ImageArray, centre: Values, scale: float, pixels: int) -> ImageArray:
    matrix = np.array([[scale, 0, pixels / 2 - scale * centre[0]], [0, scale, pixels / 2 - scale * centre[1]]])
    return np.asarray(
        cv2.warpAffine(image, matrix, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


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
