"""One video's observations on disk: written once in constant memory, then only read.

Windows that overlap are stored with each frame once, and cut again when they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oddframe.cache.description import (
    COLUMNS,
    TIME,
    DamagedEntry,
    Description,
    Shards,
    checksum_of,
    read_description,
    write_description,
)
from oddframe.cache.shards import SHARD_BYTES, Array, MappedFiles, ShardWriter, copy_rows, pieces, to_numpy, to_tensor
from oddframe.errors import SpecError, StoreError
from oddframe.files import UNREADABLE, storing
from oddframe.scoring import Reasons
from oddframe.types import Field, IntArray, Json, Observations, Spec, Times, VideoId

_BAD: tuple[type[Exception], ...] = (StoreError, *UNREADABLE)


class EntryWriter:
    """Takes observations as they come and keeps at most a shard of each column in memory.

    Of windows that slide, each frame is stored once.

    Args:
        folder: exists, and is empty.
        spec: what the data look like.
        shard_bytes: bound on a file's size.
    """

    def __init__(self, folder: Path, spec: Spec, *, shard_bytes: int = SHARD_BYTES) -> None:
        self.spec = spec
        self._folder, self._shard_bytes = folder, shard_bytes
        self._writers: dict[str, ShardWriter] = {}
        self._sliding: dict[str, SlidingWriter] = {}
        self._rows = 0

    def add(self, observations: Observations) -> None:
        """Append observations.

        Raises:
            SpecError: the data are not what the spec says, or windows do not slide as it says.
            StoreError: the folder cannot be written.
        """
        if not len(observations):
            return
        columns = {name: getattr(observations, name) for name in COLUMNS}
        with storing(self._folder):
            for name, column in columns.items():
                if column is not None:
                    shape, kind = COLUMNS[name]
                    self._writer(name, shape, np.dtype(kind)).append(column)
            for number, (name, field) in enumerate(self.spec.fields.items()):
                rows = _checked(observations, name, field.shape, field.dtype)
                if field.slide:
                    self._windows(f"data-{number}", name, rows.dtype).append(rows)
                else:
                    self._writer(f"data-{number}", field.shape, rows.dtype).append(rows)
        self._rows += len(observations)

    def close(self, frames: int, reasons: Reasons, view: Json = None, times: Times | None = None) -> None:
        """Write the rest and the description, which makes the entry whole.

        Args:
            frames: how many the video has.
            reasons: its unscorable frames.
            view: what the camera saw.
            times: of its frames, where they are not evenly spaced.
        """
        with storing(self._folder):
            if times is not None:
                self._writer(TIME, (), np.dtype(np.float64)).append(times.time)
            for windows in self._sliding.values():
                windows.close()
            for writer in self._writers.values():
                writer.close()
            columns = {name: _described(writer) for name, writer in self._writers.items()}
            uneven = None if times is None else (times.fps, times.starts)
            write_description(self._folder, Description(frames, self._rows, self.spec, reasons, view, columns, uneven))

    def _writer(self, name: str, shape: tuple[int, ...], kind: np.dtype[Any]) -> ShardWriter:
        if name not in self._writers:
            self._writers[name] = ShardWriter(self._folder, name, shape, kind, shard_bytes=self._shard_bytes)
        return self._writers[name]

    def _windows(self, column: str, name: str, kind: np.dtype[Any]) -> SlidingWriter:
        if column not in self._sliding:
            field = self.spec.fields[name]
            self._sliding[column] = SlidingWriter(self._writer(column, field.shape[1:], kind), name, field)
        return self._sliding[column]


def _described(writer: ShardWriter) -> Shards:
    return writer.rows_per_shard, {path.name: checksum_of(path) for path in writer.files}


def _checked(observations: Observations, name: str, shape: tuple[int, ...], kind: torch.dtype) -> Array:
    tensor = observations.data.get(name)
    if tensor is None or tuple(tensor.shape[1:]) != shape or tensor.dtype != kind:
        found = "nothing" if tensor is None else f"{tuple(tensor.shape[1:])} {tensor.dtype}"
        raise SpecError(f"{observations.video}: {name} should be {shape} {kind}, the observer gave {found}")
    return to_numpy(tensor)


@dataclass(frozen=True)
class Entry:
    """One video's observations on disk.

    Args:
        folder: where they lie.
        frames: how many frames the video has.
        rows: how many observations there are.
        spec: what their data look like.
        reasons: its unscorable frames.
        view: what the camera saw, as the camera health check describes it; None where it does not.
        columns: per column, rows in one file and the files' checksums.
        times: of its frames; None where they are evenly spaced.
    """

    folder: Path
    frames: int
    rows: int
    spec: Spec
    reasons: Reasons
    view: Json
    columns: Mapping[str, Shards]
    times: Times | None = None

    @classmethod
    def load(cls, folder: Path, spec: Spec | None = None) -> Entry:
        """Open an entry, and read all of it once to compare checksums.

        Args:
            folder: where it lies.
            spec: what its data have to look like; None = as it says itself.

        Raises:
            DamagedEntry: a file is missing, cut, altered or senseless.
        """
        told = read_description(folder, spec)
        entry = cls(folder, told.frames, told.rows, told.spec, told.reasons, told.view, told.columns)
        try:
            entry._check_columns()
            if told.uneven is None:
                return entry
            fps, starts = told.uneven
            return replace(entry, times=Times(fps, entry._whole(TIME), starts))
        except _BAD as error:
            raise DamagedEntry(f"{folder}: {error}") from error

    def observations(self, video: VideoId) -> Observations:
        """All of them without data, under the name that the video has now."""
        if not self.rows:
            return Observations.none(video, through=self.frames)
        return Observations(
            video=video,
            frame=self._whole("frame"),
            span=self._whole("span"),
            ready=self._whole("ready"),
            box=self._whole("box"),
            track=self._whole("track") if "track" in self.columns else None,
            through=self.frames,
        )

    def read(self, name: str, rows: IntArray, files: MappedFiles, out: Array, places: IntArray) -> None:
        """Put the rows of one data entry into `out`, which is contiguous, at these places."""
        field = self.spec.fields[name]
        if field.slide:
            out = out.reshape(-1, *field.shape[1:])
            rows = frames_of_rows(rows, field.shape[0], field.slide)
            places = frames_of_rows(places * field.shape[0], field.shape[0])
        column = self._data_columns[name]
        per_shard, shards = self.columns.get(column, (1, {}))  # nothing is stored of no rows
        paths, starts = list(shards), np.arange(len(shards), dtype=np.int64) * per_shard
        for number, within, which in pieces(rows, starts):
            with storing(self.folder):
                copy_rows(files[self.folder / paths[number]], within, out, places[which])

    def _check_columns(self) -> None:
        """Raise `ValueError` where observations are not in order or reach out of the video."""
        seen = self.observations("")
        for column in (seen.frame, seen.ready, seen.span[:, 0], seen.span[:, 1] - 1):
            if len(column) and not (column.min() >= 0 and column.max() < self.frames):
                raise ValueError("observations of frames that are not in the video")
        if not np.isfinite(seen.box).all():
            raise ValueError("boxes that are nowhere")

    @cached_property
    def _data_columns(self) -> dict[str, str]:
        return {name: f"data-{number}" for number, name in enumerate(self.spec.fields)}

    def _whole(self, name: str) -> Array:
        with storing(self.folder):
            parts = [np.load(self.folder / file, allow_pickle=False) for file in self.columns[name][1]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def empty_rows(spec: Spec, rows: int) -> tuple[dict[str, Array], dict[str, Tensor]]:
    """Room for the data of that many observations: arrays to write to, and tensors over the same memory."""
    arrays = {
        name: np.empty((rows, *field.shape), to_numpy(torch.zeros(0, dtype=field.dtype)).dtype)
        for name, field in spec.fields.items()
    }
    return arrays, {name: to_tensor(array, spec.fields[name].dtype) for name, array in arrays.items()}


class SlidingWriter:
    """Takes the windows of one entry, row by row, and keeps no more than one window's frames in memory.

    Frame k of row r is stored frame r + k * slide. So row r decides stored frame r, and the frames after the last
    row's first are written when it is certain that no row follows: (length - 1) * slide of them.

    Args:
        writer: of the frames.
        name: of the entry, for errors.
        field: of the entry; its `slide` is above 0.
    """

    def __init__(self, writer: ShardWriter, name: str, field: Field) -> None:
        self._writer, self._name, self._slide = writer, name, field.slide
        self._steps: IntArray = np.arange(field.shape[0] - 1) * field.slide
        self._ahead: Array | None = None  # of the frames after row r's first, frame i at place i modulo their number
        self._rows = 0

    def append(self, rows: Array) -> None:
        """Add windows (n, length, ...).

        Raises:
            SpecError: they do not slide by one frame a row.
            OSError: the file system refuses.
        """
        for row in rows:
            self._writer.append(row[:1])
            if len(self._steps):
                self._keep(row)
            self._rows += 1

    def close(self) -> None:
        """Write the frames that only the last rows hold."""
        if self._ahead is not None:
            count = len(self._ahead)
            self._writer.append(self._ahead[(self._rows + np.arange(count)) % count])
        self._writer.close()

    def _keep(self, row: Array) -> None:
        if self._ahead is None:
            self._ahead = np.zeros((len(self._steps) * self._slide, *row.shape[1:]), row.dtype)
        places = (self._rows + self._steps) % len(self._ahead)
        for place, frame in zip(places, row[:-1], strict=True):
            if self._rows < self._slide:
                self._ahead[place] = frame
            elif not _same(self._ahead[place], frame):
                raise SpecError(
                    f"{self._name}: frame k of observation {self._rows} is not frame k + 1 of that {self._slide}"
                    f" before, as its slide of {self._slide} says; correct the observer's spec, or what it gives"
                )
        self._ahead[places[0]] = row[-1]


def frames_of_rows(rows: IntArray, length: int, slide: int = 1) -> IntArray:
    """The stored frames that make up these windows, one window after the other.

    >>> frames_of_rows(np.array([0, 7]), 3, slide=2)
    array([ 0,  2,  4,  7,  9, 11])
    """
    return (rows[:, None] + np.arange(length) * slide).ravel()


def _same(one: Array, other: Array) -> bool:
    """Whether two frames are equal to the bit, which NaN is to itself only as bytes."""
    exact = np.array_equal(one, other)
    return exact or np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
