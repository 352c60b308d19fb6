"""Where a model's training data come from: random access, video by video."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from oddframe.types import IntArray, Observations, Spec, VideoId, VideoInfo


class ObservationSource(ABC):
    """Observations of many videos, numbered 0 .. len - 1 in video order, more of them than memory may hold."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """What every observation's data look like."""

    @abstractmethod
    def videos(self) -> Sequence[VideoInfo]:
        """The videos, their frames counted, in the order that numbers the observations."""

    @abstractmethod
    def columns(self, video: VideoId) -> Observations:
        """One video's observations without data; `through` is its number of frames."""

    @abstractmethod
    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        """The data of the observations with these numbers, in the order asked."""

    def label(self, video: VideoId) -> bool | None:
        """Whether something anomalous happens in the video; None where nobody says."""
        return None

    def rows(self, video: VideoId) -> range:
        """The numbers of one video's observations."""
        start = 0
        for info in self.videos():
            count = len(self.columns(info.id))
            if info.id == video:
                return range(start, start + count)
            start += count
        raise KeyError(video)

    def __len__(self) -> int:
        return sum(len(self.columns(info.id)) for info in self.videos())

    def chunks(self, video: VideoId, size: int = 4096) -> Iterator[Observations]:
        """One video's observations with data, at most `size` at a time; the last chunk is finished throughout."""
        columns, rows = self.columns(video), self.rows(video)
        starts = range(0, len(columns), size) or range(1)
        for start in starts:
            part = columns.select(slice(start, start + size))
            data = self.take(np.arange(rows.start + start, rows.start + start + len(part)))
            final = start + size >= len(columns)
            through = columns.through if final else int(columns.frame[start + size])
            yield replace(part, data=data, through=through)


class MemorySource(ObservationSource):
    """A source over observations already in memory.

    Args:
        spec: what their data look like.
        items: per video its description and all its observations.
        labels: video-level labels, where there are any.
    """

    def __init__(
        self,
        spec: Spec,
        items: Sequence[tuple[VideoInfo, Observations]],
        labels: Mapping[VideoId, bool] | None = None,
    ) -> None:
        self._spec = spec
        self._infos = [info for info, _ in items]
        self._columns = {info.id: observations.columns() for info, observations in items}
        self._labels = dict(labels or {})
        filled = [observations.data for _, observations in items if len(observations)]
        empty = spec.empty()
        self._data = {name: torch.cat([data[name] for data in filled]) if filled else empty[name] for name in empty}

    @property
    def spec(self) -> Spec:
        return self._spec

    def videos(self) -> Sequence[VideoInfo]:
        return self._infos

    def columns(self, video: VideoId) -> Observations:
        return self._columns[video]

    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        rows = torch.from_numpy(np.asarray(indices, np.int64))
        return {name: tensor[rows] for name, tensor in self._data.items()}

    def label(self, video: VideoId) -> bool | None:
        return self._labels.get(video)
