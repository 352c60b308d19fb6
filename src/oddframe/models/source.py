"""Where a model's training data come from: random access, video by video."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from oddframe.types import IntArray, Observations, Progress, Run, Spec, VideoId, VideoInfo

CHUNK_BYTES = 64 * 2**20
"""Data of so many bytes are worked on at a time, unless one observation has more."""

_CHUNK_ROWS = 4096


class ObservationSource(ABC):
    """Observations of many videos, numbered 0 .. len - 1 in video order; more of them than memory may hold."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """The names, shapes and dtypes of every observation's data."""

    @abstractmethod
    def videos(self) -> Sequence[VideoInfo]:
        """The videos, their frames counted, in the order that numbers the observations."""

    @abstractmethod
    def columns(self, video: VideoId) -> Observations:
        """One video's observations without data; `through` is its number of frames."""

    @abstractmethod
    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        """The data of the observations with these (N,) numbers, in the order asked: name -> (N, ...)."""

    def label(self, video: VideoId) -> bool | None:
        """Whether something anomalous happens in the video; None where that is unknown."""
        return None

    def rows(self, video: VideoId) -> range:
        """The numbers of one video's observations.

        Raises:
            KeyError: the source has no such video.
        """
        start = 0
        for info in self.videos():
            count = len(self.columns(info.id))
            if info.id == video:
                return range(start, start + count)
            start += count
        raise KeyError(video)

    def __len__(self) -> int:
        return sum(len(self.columns(info.id)) for info in self.videos())

    def chunks(self, video: VideoId, size: int | None = None) -> Iterator[Observations]:
        """One video's observations with data, piece by piece; the last piece is finished to the video's end.

        Args:
            video: which one.
            size: most observations in a piece; None = as many as fit into `CHUNK_BYTES`, and at most 4096.
        """
        columns, rows = self.columns(video), self.rows(video)
        size = size or max(1, min(_CHUNK_ROWS, CHUNK_BYTES // max(self.spec.row_bytes, 1)))
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
        spec: the names, shapes and dtypes of their data.
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
        self._data = [observations.data for _, observations in items]  # as they are: joined, they would be there twice
        counts = [len(observations) for _, observations in items]
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    @property
    def spec(self) -> Spec:
        return self._spec

    def videos(self) -> Sequence[VideoInfo]:
        return self._infos

    def columns(self, video: VideoId) -> Observations:
        return self._columns[video]

    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        rows = np.asarray(indices, np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < self._starts[-1]):
            raise IndexError(f"there are {self._starts[-1]} observations, asked for {rows.min()} to {rows.max()}")
        place = np.searchsorted(self._starts, rows, side="right") - 1
        taken = {name: torch.empty((len(rows), *f.shape), dtype=f.dtype) for name, f in self._spec.fields.items()}
        for number in np.unique(place):
            here = np.flatnonzero(place == number)
            within = torch.from_numpy(rows[here] - self._starts[number])
            for name, tensor in taken.items():
                tensor[torch.from_numpy(here)] = self._data[number][name][within]
        return taken

    def label(self, video: VideoId) -> bool | None:
        return self._labels.get(video)


def each_video(source: ObservationSource, run: Run, stage: str) -> Iterator[VideoInfo]:
    """The videos in order; `run.progress` hears of each before it comes.

    Args:
        source: the source whose videos to go through.
        run: whom to tell.
        stage: what is done with them, as `Progress` says it.
    """
    videos = source.videos()
    for number, info in enumerate(videos):
        run.progress(Progress(stage, number, len(videos), "videos"))
        yield info
