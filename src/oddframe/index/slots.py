"""Batches of one fixed shape, so that how rows were cut into pushes cannot change a single bit of their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One batch: the given rows `rows` are in its places `places`; the other places are padding."""

    rows: slice
    places: slice


def slots(count: int, start: int, size: int) -> Iterator[Slot]:
    """Cut rows into batches of `size` places; row number n of its video is always in place n modulo `size`.

    Matrix products may round a row differently by the shape of the batch and by the row's place in it, never by
    the content of the other places. With both fixed by the row's number, its result is fixed too.

    Args:
        count: how many rows, >= 0.
        start: the number, within its video, of the first one.
        size: places in a batch.

    Yields:
        The batches in order.

    >>> [(s.rows, s.places) for s in slots(5, start=6, size=8)]
    [(slice(0, 2, None), slice(6, 8, None)), (slice(2, 5, None), slice(0, 3, None))]
    """
    done = 0
    while done < count:
        place = (start + done) % size
        taken = min(size - place, count - done)
        yield Slot(slice(done, done + taken), slice(place, place + taken))
        done += taken
