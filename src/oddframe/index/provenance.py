"""Where each stored code comes from: its video, frame and box."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from oddframe.errors import StoreError
from oddframe.index.saving import stored_array, stored_names, to_tensor
from oddframe.types import BoolArray, FloatArray, IntArray, Json, VideoId


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Columns about M stored codes.

    Args:
        names: the videos, sorted; `video` holds numbers of these.
        video: (M,) int64.
        frame: (M,) int64, the frame that each code's observation is about.
        box: (M, 4) float32, x0 y0 x1 y1 in pixels of the source frame.
    """

    names: tuple[VideoId, ...]
    video: IntArray
    frame: IntArray
    box: FloatArray

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(cls, video: VideoId, frame: IntArray, box: FloatArray) -> Self:
        """The columns of M codes of one video, copied.

        Args:
            video: which one.
            frame: (M,).
            box: (M, 4).
        """
        owner = np.zeros(len(frame), np.int64)
        return cls((video,), owner, np.array(frame, np.int64), np.array(box, np.float32).reshape(len(frame), 4))

    @classmethod
    def none(cls) -> Self:
        """The columns of no codes."""
        return cls((), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4), np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Provenance]) -> Self:
        """All parts' rows one after the other; a video named by several parts is one video."""
        names = tuple(sorted({name for part in parts for name in part.names}))
        place = {name: number for number, name in enumerate(names)}
        owners = [np.array([place[name] for name in part.names], np.int64)[part.video] for part in parts]
        return cls(
            names,
            np.concatenate([np.zeros(0, np.int64), *owners]),
            np.concatenate([np.zeros(0, np.int64), *(part.frame for part in parts)]),
            np.concatenate([np.zeros((0, 4), np.float32), *(part.box for part in parts)]),
        )

    def select(self, rows: IntArray | BoolArray) -> Self:
        """The chosen rows; videos without rows lose their names."""
        used, video = np.unique(self.video[rows], return_inverse=True)
        names = tuple(self.names[number] for number in used)
        return type(self)(names, video.astype(np.int64), self.frame[rows], self.box[rows])

    def order(self) -> IntArray:
        """(M,) the rows' order by video name, frame and box: the same whatever order the codes were added in."""
        return np.lexsort((*self.box.T[::-1], self.frame, self.video)).astype(np.int64)

    def others(self, video: VideoId) -> BoolArray:
        """(M,) which rows are not this video's."""
        number = self.names.index(video) if video in self.names else -1
        return np.asarray(self.video != number)

    def digest(self, seed: int) -> npt.NDArray[np.uint64]:
        """(M,) seeded 64-bit hashes of (video, frame, box): a fair draw that the order of arrival cannot change."""
        names = [hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest() for name in self.names]
        mixed = np.array([int.from_bytes(name, "little") for name in names], np.uint64)[self.video]
        for column in (self.frame.view(np.uint64), *self.box.view(np.uint32).T):
            mixed = _mix(mixed ^ _mix(column.astype(np.uint64)))
        return mixed

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """The tensors and JSON values to save."""
        tensors = {"video": to_tensor(self.video), "frame": to_tensor(self.frame), "box": to_tensor(self.box)}
        return tensors, {"videos": list(self.names)}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Self:
        """What `state` saved.

        Args:
            tensors, meta: what was saved.

        Raises:
            StoreError: it does not fit together.
        """
        names = stored_names(meta, "videos")
        video = stored_array(tensors, "video", torch.int64, None)
        frame = stored_array(tensors, "frame", torch.int64, len(video))
        box = stored_array(tensors, "box", torch.float32, len(video), 4)
        if len(video) and not (int(video.min()) >= 0 and int(video.max()) < len(names)):
            raise StoreError(f"saved codes belong to videos beyond the {len(names)} named; the file is damaged")
        return cls(tuple(names), video, frame, box)


def _mix(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): each input bit flips each output bit half the time."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed
