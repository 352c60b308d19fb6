"""One video's observations on disk: written once in constant memory, then only read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oddframe.engine.shards import SHARD_BYTES, Array, MappedFiles, ShardWriter, copy_rows, pieces, to_numpy, to_tensor
from oddframe.engine.sliding import SlidingWriter, frames_of_rows
from oddframe.errors import SpecError
from oddframe.files import storing, write_durably
from oddframe.scoring import Reasons
from oddframe.types import IntArray, Json, Observations, Spec, VideoId

FORMAT = 2
"""Of an entry's files; part of every cache key."""

META = "entry.json"
_COLUMNS: Mapping[str, tuple[tuple[int, ...], type]] = {
    "frame": ((), np.int64),
    "span": ((2,), np.int64),
    "ready": ((), np.int64),
    "box": ((4,), np.float32),
    "track": ((), np.int64),
}


class DamagedEntry(Exception):
    """The files are not what their description says. Internal: the cache answers by observing again."""


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
        columns = {name: getattr(observations, name) for name in _COLUMNS}
        with storing(self._folder):
            for name, column in columns.items():
                if column is not None:
                    shape, kind = _COLUMNS[name]
                    self._writer(name, shape, np.dtype(kind)).append(column)
            for number, (name, field) in enumerate(self.spec.fields.items()):
                rows = _checked(observations, name, field.shape, field.dtype)
                if field.slide:
                    self._windows(f"data-{number}", name, rows.dtype).append(rows)
                else:
                    self._writer(f"data-{number}", field.shape, rows.dtype).append(rows)
        self._rows += len(observations)

    def close(self, frames: int, reasons: Reasons, view: Json = None) -> None:
        """Write the rest and the description, which makes the entry whole."""
        with storing(self._folder):
            for windows in self._sliding.values():
                windows.close()
            for writer in self._writers.values():
                writer.close()
            meta = {
                "format": FORMAT,
                "frames": frames,
                "rows": self._rows,
                "spec": self.spec.to_json(),
                "reasons": [list(run) for run in reasons],
                "view": view,
                "columns": {name: self._described(writer) for name, writer in self._writers.items()},
            }
            write_durably(self._folder / META, json.dumps(meta).encode())

    def _writer(self, name: str, shape: tuple[int, ...], kind: np.dtype[Any]) -> ShardWriter:
        if name not in self._writers:
            self._writers[name] = ShardWriter(self._folder, name, shape, kind, shard_bytes=self._shard_bytes)
        return self._writers[name]

    def _windows(self, column: str, name: str, kind: np.dtype[Any]) -> SlidingWriter:
        if column not in self._sliding:
            field = self.spec.fields[name]
            self._sliding[column] = SlidingWriter(self._writer(column, field.shape[1:], kind), name, field)
        return self._sliding[column]

    def _described(self, writer: ShardWriter) -> Json:
        return {
            "rows_per_shard": writer.rows_per_shard,
            "files": {path.name: path.stat().st_size for path in writer.files},
        }


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
        columns: per column, rows in one file and the files' sizes.
    """

    folder: Path
    frames: int
    rows: int
    spec: Spec
    reasons: Reasons
    view: Json
    columns: Mapping[str, tuple[int, Mapping[str, int]]]

    @classmethod
    def load(cls, folder: Path) -> Entry:
        """Open an entry.

        Raises:
            DamagedEntry: a file is missing, cut or senseless.
        """
        try:
            meta = json.loads((folder / META).read_bytes())
            if meta["format"] != FORMAT:
                raise DamagedEntry(f"{folder}: format {meta['format']}")
            columns = {
                name: (int(column["rows_per_shard"]), {str(file): int(size) for file, size in column["files"].items()})
                for name, column in meta["columns"].items()
            }
            entry = cls(
                folder=folder,
                frames=int(meta["frames"]),
                rows=int(meta["rows"]),
                spec=Spec.from_json(meta["spec"]),
                reasons=_reasons_from_json(meta["reasons"]),
                view=meta["view"],
                columns=columns,
            )
            for _, files in columns.values():
                for name, size in files.items():
                    if (folder / name).stat().st_size != size:
                        raise DamagedEntry(f"{folder / name} should have {size} bytes")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedEntry(f"{folder}: {error}") from error
        return entry

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


def _reasons_from_json(value: Any) -> Reasons:
    return tuple((int(start), int(stop), str(word)) for start, stop, word in value)
