"""The moments of a video that are worth a look: its events, or else when it is oddest."""

from __future__ import annotations

import numpy as np

from oddframe.draw.stretches import kind_at
from oddframe.report.parts import Box, MomentPart
from oddframe.scoring import Reasons
from oddframe.types import FloatArray, Timeline

INSTEAD = {True: 1, False: 5}
"""How many moments a video without events shows: with a threshold, none of them is odd."""
APART = 2.0
"""Seconds between two of these."""


def moments_of(timeline: Timeline, truth: Reasons = ()) -> tuple[MomentPart, ...]:
    """Its events, without pictures; where it has none, its oddest moments, in the order of time."""
    if timeline.events:
        return tuple(
            MomentPart(
                id=event.id or f"{event.peak}",
                start=event.start_time,
                end=event.end_time,
                peak=event.peak_time,
                frame=event.peak,
                score=event.score,
                p_value=event.p_value,
                kind=_kind(truth, event.start, event.end, event.peak),
                box=event.box,
            )
            for event in timeline.events
        )
    return tuple(_at(timeline, truth, frame) for frame in _highest(timeline, INSTEAD[timeline.threshold is not None]))


def _highest(timeline: Timeline, count: int) -> list[int]:
    """The frames with the highest scores, far enough apart."""
    left: FloatArray = np.where(timeline.valid, timeline.scores, -np.inf).astype(np.float32)
    reach, found = max(round(APART * float(timeline.info.fps)), 1), list[int]()
    while len(found) < count and np.isfinite(left).any():
        peak = int(np.argmax(left))
        found.append(peak)
        left[max(peak - reach, 0) : peak + reach + 1] = -np.inf
    return sorted(found)


def _at(timeline: Timeline, truth: Reasons, frame: int) -> MomentPart:
    time, p_values = timeline.info.seconds(frame), timeline.p_values
    return MomentPart(
        id=f"{frame}",
        start=time,
        end=timeline.info.seconds(frame + 1),
        peak=time,
        frame=frame,
        score=float(timeline.scores[frame]),
        p_value=None if p_values is None else float(p_values[frame]),
        kind=_kind(truth, frame, frame + 1, frame),
        box=oddest_box(timeline, frame),
    )


def _kind(truth: Reasons, start: int, end: int, peak: int) -> str:
    """What ground truth says is there at the peak, or else anywhere in the stretch."""
    there = kind_at(truth, peak)
    if there or any(first <= peak < last for first, last, _ in truth):
        return there or "odd"
    return next((word or "odd" for first, last, word in truth if first < end and start < last), "")


def oddest_box(timeline: Timeline, frame: int) -> Box | None:
    """The box of the oddest observation that covers a frame; None where there is none."""
    rows = timeline.scored.observations
    covers = np.flatnonzero((rows.span[:, 0] <= frame) & (frame < rows.span[:, 1]))
    if not len(covers):
        return None
    row = int(covers[np.argmax(timeline.scored.score[covers])])
    spots, box = timeline.scored.hot_spots, rows.box[row]
    if spots is not None and len(spots.row[spots.of(row)]):
        own = spots.of(row)
        box = spots.box[own][np.argmax(spots.score[own])]
    x0, y0, x1, y1 = (float(edge) for edge in box)
    return x0, y0, x1, y1
