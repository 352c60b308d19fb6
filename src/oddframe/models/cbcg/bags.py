"""Videos as bags of segments: at most so many segments, one label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import FitError
from oddframe.models.source import ObservationSource
from oddframe.types import BoolArray, IntArray, VideoInfo

KEPT_BYTES = 2 * 2**30
"""Bags are kept in memory up to here; what is more is read again each time."""

Read = Callable[[IntArray], Tensor]
"""Row numbers of a source to their (N, crops, D) vectors."""


class Bags:
    """The videos of a source that have segments.

    Args:
        source: with a label for each of its videos.
        read: gives vectors.
        crops: how many each segment has. A bag holds one crop of its segments; its number says which.
        segments: most in a bag; longer videos are pooled.

    Raises:
        FitError: a video has no label, or there is only one kind of video.
    """

    def __init__(self, source: ObservationSource, read: Read, crops: int, segments: int) -> None:
        self._source, self._read, self.crops, self.segments = source, read, crops, segments
        infos = [info for info in source.videos() if len(source.rows(info.id))]
        self.odd = _labels(source, infos)
        self._rows = [source.rows(info.id) for info in infos]
        self._kept: dict[int, Tensor] = {}
        self._room = KEPT_BYTES

    def __len__(self) -> int:
        return len(self._rows)

    def load(self, numbers: IntArray) -> tuple[Tensor, Tensor, Tensor]:
        """The bags with these (B,) numbers.

        Returns:
            Vectors (B, T, D); which of them exist, (B, T) bool; labels (B,) bool, true where abnormal.
        """
        found = [self._bag(int(number) // self.crops)[int(number) % self.crops] for number in numbers]
        vectors = torch.zeros((len(found), self.segments, found[0].shape[-1]))
        there = torch.zeros((len(found), self.segments), dtype=torch.bool)
        for place, bag in enumerate(found):
            vectors[place, : len(bag)], there[place, : len(bag)] = bag, True
        return vectors, there, torch.from_numpy(self.odd[numbers // self.crops])

    def _bag(self, number: int) -> Tensor:
        """(crops, T, D) of a video, T <= segments."""
        if number in self._kept:
            return self._kept[number]
        bag = pooled(self._read(np.asarray(self._rows[number], np.int64)), self.segments).transpose(0, 1).contiguous()
        if bag.nbytes <= self._room:
            self._kept[number] = bag
            self._room -= bag.nbytes
        return bag


def pooled(vectors: Tensor, segments: int) -> Tensor:
    """The (T, ...) means of groups of consecutive rows, T at most `segments`; fewer rows are returned unchanged.

    Args:
        vectors: (N, ...).
        segments: most groups, of about equal length.

    >>> pooled(torch.arange(5.0)[:, None], 2).flatten().tolist()
    [0.5, 3.0]
    """
    if len(vectors) <= segments:
        return vectors
    edges = np.linspace(0, len(vectors), segments + 1).astype(int)
    return torch.stack([vectors[first:last].mean(0) for first, last in pairwise(edges)])


def paired(odd: BoolArray, crops: int, batch: int, seed: int) -> Callable[[int], Sequence[IntArray]]:
    """A plan of epochs whose batches have as many normal as abnormal bags, in turns; the rarer kind comes round again.

    Args:
        odd: (V,) labels of videos, true where abnormal.
        crops: of each; an epoch draws one for each bag.
        batch: bags in one, >= 2; of an odd number, one is left out.
        seed: of the orders.

    >>> [part.tolist() for part in paired(np.array([False, False, True]), 1, 2, seed=0)(0)]
    [[0, 2], [1, 2]]
    """
    kinds = [np.flatnonzero(~odd), np.flatnonzero(odd)]
    half = batch // 2

    def epoch(number: int) -> list[IntArray]:
        random = np.random.default_rng((seed, number))
        longest = max(map(len, kinds))
        rounds = [[random.permutation(kind) for _ in range(-(-longest // len(kind)))] for kind in kinds]
        order = np.stack([np.concatenate(kind)[:longest] for kind in rounds], axis=1)  # (longest, 2)
        bags = order * crops + random.integers(crops, size=order.shape)
        return [bags[start : start + half].ravel() for start in range(0, longest, half)]

    return epoch


def _labels(source: ObservationSource, infos: Sequence[VideoInfo]) -> BoolArray:
    labels = [source.label(info.id) for info in infos]
    for info, label in zip(infos, labels, strict=True):
        if label is None:
            raise FitError(f"{info.id}: has no label; weak supervision needs one for each video, normal or abnormal")
    odd = np.array(labels, np.bool_)
    if not len(odd) or odd.all() or not odd.any():
        kinds = "abnormal" if odd.any() else "normal"
        found = f"all {len(odd)} videos with observations are labelled {kinds}" if len(odd) else "nothing is observed"
        raise FitError(f"weak supervision compares both kinds of video, and {found}; give some of the other kind")
    return odd
