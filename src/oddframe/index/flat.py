"""An index of vectors that are stored as they are and searched exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import SettingsError, StoreError
from oddframe.index.exact import NARROW, NarrowSearch, WideSearch
from oddframe.index.provenance import Provenance
from oddframe.index.saving import stored_array, to_tensor
from oddframe.types import BoolArray, FloatArray, IntArray, Json, VideoId


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest stored rows of N queries, nearest first.

    Args:
        distance: (N, k) float32, Euclidean.
        row: (N, k) int64, numbers in the index's `provenance`.
    """

    distance: FloatArray
    row: IntArray


class FlatIndex:
    """Stores vectors as they are, and searches them exactly. A row may hold several named vectors, each searched alone.

    Its content does not depend on the order in which rows were added or indexes merged.

    Args:
        sizes: name -> length of each vector of a row.
        capacity: store at most this many rows; None = all. Those with the smallest seeded hash of (video, frame,
            box) stay: a uniform draw that neither order nor partition changes.
        seed: of that draw.

    Raises:
        SettingsError: a capacity below 1.

    >>> index = FlatIndex({"x": 1})
    >>> index.add("gate", np.array([7, 9]), np.zeros((2, 4), np.float32), {"x": np.array([[1.0], [5.0]], np.float32)})
    >>> found = index.query("x", np.array([[4.5]], np.float32), k=1)
    >>> found.distance.tolist(), index.provenance.frame[found.row].tolist()
    ([[0.5]], [[9]])
    """

    def __init__(self, sizes: Mapping[str, int], capacity: int | None = None, seed: int = 0) -> None:
        if capacity is not None and capacity < 1:
            raise SettingsError(f"the capacity of an index is at least 1, not {capacity}")
        self._sizes, self._capacity, self._seed = dict(sizes), capacity, seed
        self._sources: list[Provenance] = [Provenance.none()]
        self._vectors = {name: [np.zeros((0, size), np.float32)] for name, size in self._sizes.items()}
        self._searches: dict[str, NarrowSearch | WideSearch] = {}
        self._waiting, self._ordered = 0, True

    def __len__(self) -> int:
        return len(self.provenance)

    @property
    def provenance(self) -> Provenance:
        """Where each row comes from, in the index's own order."""
        return self.settle()._sources[0]

    def vectors(self, name: str) -> FloatArray:
        """(M, size) float32: the stored vectors of this name, in the index's own order."""
        return self.settle()._vectors[name][0]

    def add(self, video: VideoId, frame: IntArray, box: FloatArray, vectors: Mapping[str, FloatArray]) -> None:
        """Add N rows of one video, copied. Rows that are added twice are stored twice.

        Args:
            video: which one.
            frame: (N,) the frame that each row is about.
            box: (N, 4) x0 y0 x1 y1, pixels of that frame.
            vectors: name -> (N, size) float32.
        """
        self._append(
            Provenance.of(video, frame, box), {name: np.array(vectors[name], np.float32) for name in self._sizes}
        )

    def merge(self, other: FlatIndex) -> Self:
        """Add all rows of another index of the same sizes.

        Raises:
            SettingsError: its sizes differ.
        """
        if other._sizes != self._sizes:
            raise SettingsError(f"cannot merge an index over {other._sizes} into one over {self._sizes}")
        self._append(other.provenance, {name: other.vectors(name) for name in self._sizes})
        return self.settle()

    def forget(self, video: VideoId) -> Self:
        """Remove every row of this video, if there is any. Rows that `capacity` left out do not come back."""
        return self._keep(self.provenance.others(video))

    def query(self, name: str, vectors: FloatArray, k: int) -> Neighbours:
        """The k nearest rows of each vector; all rows, if the index holds fewer. The index must not be empty.

        Args:
            name: which of a row's vectors to search.
            vectors: (N, size) float32, finite.
            k: how many, >= 1.
        """
        stored = self.vectors(name)
        k = min(k, len(stored))
        if name not in self._searches:
            self._searches[name] = (WideSearch if stored.shape[1] > NARROW else NarrowSearch)(stored)
        return Neighbours(*self._searches[name](vectors, k))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Json]]:
        """The tensors and JSON values to save."""
        tensors, meta = self.provenance.state()
        return {**tensors, **{f"vector.{name}": to_tensor(self.vectors(name)) for name in self._sizes}}, meta

    def restore(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Self:
        """Replace the content by what `state` saved.

        Args:
            tensors, meta: what was saved.

        Raises:
            StoreError: it does not fit together, or exceeds the capacity.
        """
        source = Provenance.restored(tensors, meta)
        if self._capacity is not None and len(source) > self._capacity:
            raise StoreError(
                f"{len(source)} saved rows exceed the capacity {self._capacity}; restore with the saved settings"
            )
        vectors = {
            name: stored_array(tensors, f"vector.{name}", torch.float32, len(source), size)
            for name, size in self._sizes.items()
        }
        self._put(source, vectors)
        self._ordered = True
        return self

    def settle(self) -> Self:
        """Do the work that additions put off: draw down to capacity, and order the rows. Reading does it too."""
        if not self._ordered:
            self._draw()
            self._keep(self._sources[0].order())
            self._ordered = True
        return self

    def _append(self, source: Provenance, vectors: Mapping[str, FloatArray]) -> None:
        self._sources.append(source)
        self._searches = {}
        for name, held in self._vectors.items():
            held.append(vectors[name])
        self._waiting, self._ordered = self._waiting + len(source), False
        if self._capacity is not None and self._waiting > self._capacity:
            self._draw()

    def _draw(self) -> None:
        """Join the pieces, and keep the rows with the smallest hashes."""
        source = Provenance.joined(self._sources)
        self._put(source, {name: np.concatenate(held) for name, held in self._vectors.items()})
        if self._capacity is not None and len(source) > self._capacity:
            drawn = np.lexsort((*source.box.T, source.frame, source.video, source.digest(self._seed)))
            self._keep(np.sort(drawn[: self._capacity]))

    def _keep(self, rows: IntArray | BoolArray) -> Self:
        self._put(self._sources[0].select(rows), {name: held[0][rows] for name, held in self._vectors.items()})
        return self

    def _put(self, source: Provenance, vectors: Mapping[str, FloatArray]) -> None:
        self._sources, self._waiting, self._searches = [source], 0, {}
        self._vectors = {name: [vectors[name]] for name in self._sizes}
