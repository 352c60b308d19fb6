"""Following blobs from frame to frame, and what only time tells about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor

from oddframe.types import HALF

Values = npt.NDArray[np.float64]


@dataclass(slots=True)
class Track:
    """One thing followed. Changes as it is followed, and never leaves its stream.

    Args:
        number: its identity.
        box: x0 y0 x1 y1 where it was last seen.
        velocity: x and y, pixels a nominal frame.
        position: when it was last seen, in nominal frames.
        age: how many times it was seen.
        frame: the number of the frame in which it was last seen.
        averages: its descriptors, averaged over its recent past.
        anchor: where it began to stay, and `since` when, in nominal frames.
        embedding: what it looked like of late; None before the first look.
    """

    number: int
    box: Values
    velocity: Values
    position: float
    age: int = 0
    frame: int = 0
    averages: dict[str, Values] = field(default_factory=dict)
    anchor: Values = field(default_factory=lambda: np.zeros(2))
    since: float = 0.0
    embedding: Tensor | None = None

    def average(self, descriptors: Mapping[str, Values], share: float) -> None:
        """Move the averages towards what is seen now: a plain mean at first, then by `share` a time."""
        weight = max(share, 1 / self.age)
        for name, value in descriptors.items():
            before = self.averages.get(name, value)
            self.averages[name] = before + weight * (value - before)

    def stay(self, position: float) -> float:
        """Nominal frames since it last moved by more than 0.6 of its own size."""
        centre = (self.box[:2] + self.box[2:]) / 2
        size = float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))
        if self.age <= 1 or float(np.hypot(*(centre - self.anchor))) > 0.6 * size:
            self.anchor, self.since = centre, position
        return position - self.since


class Tracker:
    """Greedy association by overlap with where each track should be by now.

    Times are in nominal frames: seconds times the nominal frame rate, so that a change of rate changes nothing.

    Args:
        overlap: least intersection over union to be the same thing.
        patience: nominal frames that a moving track may stay unseen; one missed frame is always forgiven.
        still_patience: the same for a track that hardly moves, which flickers but does not go away.
    """

    def __init__(self, overlap: float, patience: int, still_patience: int) -> None:
        self._overlap = overlap
        self._patience = patience
        self._still_patience = still_patience
        self._tracks: list[Track] = []
        self._next = self._frame = 0

    def follow(self, position: float, boxes: Sequence[Values], velocities: Sequence[Values]) -> list[Track]:
        """Follow everything into the next frame; forget tracks that were lost too long.

        Args:
            position: when the frame is, in nominal frames; it rises.
            boxes: (4,) x0 y0 x1 y1 each, what is seen in the frame.
            velocities: (2,) x and y each, pixels a nominal frame.

        Returns:
            The track of each box, a new one where none fits.
        """
        found = self._match(position, boxes)
        result = []
        for row, (box, velocity) in enumerate(zip(boxes, velocities, strict=True)):
            track = found.get(row)
            if track is None:
                track = Track(self._next, box, velocity, position)
                self._next += 1
                self._tracks.append(track)
            track.box, track.velocity, track.age = box, velocity, track.age + 1
            track.position, track.frame = position, self._frame
            result.append(track)
        self._tracks = [t for t in self._tracks if self._waits_for(t, position)]
        self._frame += 1
        return result

    def _waits_for(self, track: Track, position: float) -> bool:
        missed = self._frame - track.frame
        return missed < 2 or position - track.position < self._patience_with(track) - HALF

    def _patience_with(self, track: Track) -> int:
        return self._still_patience if float(np.hypot(*track.velocity)) < 0.2 else self._patience

    def _match(self, position: float, boxes: Sequence[Values]) -> dict[int, Track]:
        if not boxes or not self._tracks:
            return {}
        expected = np.stack([t.box + np.tile(t.velocity, 2) * (position - t.position) for t in self._tracks])
        overlap = intersection_over_union(np.stack(boxes), expected)  # (boxes, tracks)
        found: dict[int, Track] = {}
        taken: set[int] = set()
        for flat in np.argsort(-overlap, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(self._tracks))
            if overlap[row, column] < self._overlap:
                break
            if row not in found and column not in taken:
                found[row] = self._tracks[column]
                taken.add(column)
        return found


def intersection_over_union(a: Values, b: Values) -> Values:
    """Overlap of every box of `a` (n, 4) with every box of `b` (m, 4), as (n, m) in 0 .. 1.

    >>> float(intersection_over_union(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2]]))[0, 0])
    0.3333333333333333
    """
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    opposite = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(opposite - corner, 0, None), axis=2)
    area_a, area_b = np.prod(a[:, 2:] - a[:, :2], axis=1), np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-9))
