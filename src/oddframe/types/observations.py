"""What observers say and models hear: observations, columnar, of one video."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oddframe.types.arrays import FloatArray, IntArray, Json, frozen_array
from oddframe.types.frames import VideoId
from oddframe.types.values import FrozenMapping, Value


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of `Observations.data`.

    Args:
        shape: without the leading N.
        dtype: of its tensor.
        weight: what it counts for, >= 0, where a model mixes entries into one distance and is not told otherwise.
        crops: whether the first axis counts crops, parts of the same frames, each of which can be compared on its own.
        context: whether it says where the others were seen, and so what they are to be compared with. Models that know
            nothing of context compare it like the others, by its weight.
        slide: rows from one frame of a window to the next, 0 where the entry is no window of frames. Where above 0, the
            first axis counts the frames of a window that moves on by one frame a row: frame k + 1 of one row is frame k
            of the row `slide` later, and what stores many rows may keep each frame once.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32
    weight: float = 1.0
    crops: bool = False
    context: bool = False
    slide: int = 0

    def __post_init__(self) -> None:
        if self.slide < 0 or (self.slide and not self.shape):
            raise ValueError(f"slide counts rows, 0 or more, of a window along the first axis: {self}")

    @property
    def row_bytes(self) -> int:
        """Bytes of one observation's entry.

        >>> Field((5, 3, 256, 256), torch.uint8, slide=1).row_bytes
        983040
        """
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Spec:
    """What an observer's data look like: entry names, shapes and dtypes.

    >>> Spec({"flow": Field((8,))}).vector_size
    8
    """

    fields: Mapping[str, Field]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", FrozenMapping(dict(self.fields)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and dict(self.fields) == dict(other.fields)

    def __hash__(self) -> int:
        return hash(
            tuple(
                sorted(
                    (name, f.shape, str(f.dtype), f.weight, f.crops, f.context, f.slide)
                    for name, f in self.fields.items()
                )
            )
        )

    @property
    def vector_size(self) -> int:
        """Values per observation when every entry is flattened into one vector."""
        return sum(int(np.prod(f.shape)) for f in self.fields.values())

    @property
    def row_bytes(self) -> int:
        """Bytes of one observation's data."""
        return sum(f.row_bytes for f in self.fields.values())

    def to_json(self) -> Json:
        """Name -> shape, dtype, weight, and "crops", "context" and "slide" where they say something.

        >>> Spec({"flow": Field((8,))}).to_json()
        {'flow': {'shape': [8], 'dtype': 'float32', 'weight': 1.0}}
        """
        return {
            name: {
                "shape": list(f.shape),
                "dtype": str(f.dtype).removeprefix("torch."),
                "weight": f.weight,
                **({"crops": True} if f.crops else {}),
                **({"context": True} if f.context else {}),
                **({"slide": f.slide} if f.slide else {}),
            }
            for name, f in self.fields.items()
        }

    @classmethod
    def from_json(cls, value: Any) -> Spec:
        """The inverse of `to_json`.

        Raises:
            ValueError: anything else was given.
        """
        try:
            return cls(
                {
                    str(name): Field(
                        shape=tuple(map(int, f["shape"])),
                        dtype=_dtype(f["dtype"]),
                        weight=float(f["weight"]),
                        crops=bool(f.get("crops", False)),
                        context=bool(f.get("context", False)),
                        slide=int(f.get("slide", 0)),
                    )
                    for name, f in value.items()
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a spec: {error!r}") from error

    def empty(self) -> dict[str, Tensor]:
        """Data of no observations."""
        return {name: torch.zeros((0, *f.shape), dtype=f.dtype) for name, f in self.fields.items()}


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"no dtype {name!r}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Observations(Value):
    """N observations of one video, in frame order.

    Args:
        video: whose they are.
        frame: (N,) the frame each is about, not decreasing.
        span: (N, 2) first and one-past-last frame that each covers.
        ready: (N,) last frame that had to be seen; what "causal" is measured by.
        box: (N, 4) x0 y0 x1 y1 in pixels of the source frame.
        data: name -> (N, ...) tensor. Empty where only the columns are of interest.
        track: (N,) identity over time; None where nothing is followed.
        through: every frame before this one is finished: "nothing there" differs from "not yet".

    Raises:
        ValueError: shapes disagree, or frames go backwards.
    """

    video: VideoId
    frame: IntArray
    span: IntArray
    ready: IntArray
    box: FloatArray
    data: Mapping[str, Tensor] = field(default_factory=dict)
    track: IntArray | None = None
    through: int = 0

    def __post_init__(self) -> None:
        n = len(self.frame)
        put = object.__setattr__
        put(self, "frame", frozen_array(self.frame, np.int64, "frame", n))
        put(self, "span", frozen_array(self.span, np.int64, "span", n, 2))
        put(self, "ready", frozen_array(self.ready, np.int64, "ready", n))
        put(self, "box", frozen_array(self.box, np.float32, "box", n, 4))
        if self.track is not None:
            put(self, "track", frozen_array(self.track, np.int64, "track", n))
        put(self, "data", FrozenMapping(dict(self.data)))
        if n and bool((np.diff(self.frame) < 0).any()):
            raise ValueError(f"{self.video}: observations must be in frame order")
        for name, tensor in self.data.items():
            if len(tensor) != n:
                raise ValueError(f"{self.video}: {name} has {len(tensor)} rows for {n} observations")

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def none(cls, video: VideoId, spec: Spec | None = None, through: int = 0) -> Observations:
        """No observations, with every frame before `through` finished."""
        return cls(
            video=video,
            frame=np.zeros(0, np.int64),
            span=np.zeros((0, 2), np.int64),
            ready=np.zeros(0, np.int64),
            box=np.zeros((0, 4), np.float32),
            data=spec.empty() if spec else {},
            through=through,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Observations]) -> Observations:
        """Consecutive pieces of one video as one; `through` is the last piece's.

        Raises:
            ValueError: no pieces, pieces of different videos, or with different data names.
        """
        if not parts:
            raise ValueError("nothing to concatenate")
        first, last = parts[0], parts[-1]
        if any(p.video != first.video for p in parts):
            raise ValueError(f"pieces of different videos: {sorted({p.video for p in parts})}")
        filled = [p for p in parts if len(p)] or [first]
        if any(p.data.keys() != filled[0].data.keys() for p in filled):
            raise ValueError(f"{first.video}: pieces with different data")
        tracks = [p.track for p in filled if p.track is not None]
        return cls(
            video=first.video,
            frame=np.concatenate([p.frame for p in filled]),
            span=np.concatenate([p.span for p in filled]),
            ready=np.concatenate([p.ready for p in filled]),
            box=np.concatenate([p.box for p in filled]),
            data={name: torch.cat([p.data[name] for p in filled]) for name in filled[0].data},
            track=np.concatenate(tracks) if len(tracks) == len(filled) else None,
            through=last.through,
        )

    def select(self, rows: IntArray | slice) -> Observations:
        """The observations at `rows`, which must keep the frame order."""
        index = torch.from_numpy(np.array(rows)) if not isinstance(rows, slice) else rows
        return replace(
            self,
            frame=self.frame[rows],
            span=self.span[rows],
            ready=self.ready[rows],
            box=self.box[rows],
            data={name: tensor[index] for name, tensor in self.data.items()},
            track=None if self.track is None else self.track[rows],
        )

    def columns(self) -> Observations:
        """The same observations without their data."""
        return replace(self, data={})
