"""Explanations of events, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from oddframe.engine.detector import Detector
from oddframe.engine.explain import Explained
from oddframe.models.explaining import Comparison, Neighbour
from oddframe.types import Run, Timeline, clock
from oddframe.video import Video


def explained_events(
    detector: Detector, cache: Path | None, run: Run, video: Video, timeline: Timeline
) -> list[Explained | None]:
    """Why each event's peak has its score; None where nothing is seen there."""
    return [detector.explain(video, event.peak_time, run, cache=cache) for event in timeline.events]


def in_words(number: int, timeline: Timeline, told: Explained | None) -> Iterator[str]:
    """One event's block, line by line."""
    event = timeline.events[number]
    yield f"{timeline.info.id}, event {number + 1}, {clock(event.start_time)} to {clock(event.end_time)}:"
    if told is None:
        yield "  nothing is seen in the frame of its peak"
        return
    found, box = told.explanation, " ".join(f"{edge:.0f}" for edge in told.box)
    yield f"  at {clock(told.seconds)}, box {box}: score {found.score:.3g}, {found.distance:.3g} {found.unit} away"
    if told.within is not None:
        yield f"  normal if within {told.within:.3g}"
    yield from (f"  near {_moment(told, moment)}" for moment in told.nearest())
    yield from (f"  {_comparison(one)}" for one in found.comparisons)


def _moment(told: Explained, moment: Neighbour) -> str:
    seconds = told.seconds_of(moment)
    when = f"frame {moment.frame}" if seconds is None else clock(seconds)
    return f"{moment.distance:.3g}: {moment.video} at {when}, box {' '.join(f'{edge:.0f}' for edge in moment.box)}"


def _comparison(one: Comparison) -> str:
    told = f"{one.part}: {one.distance:.3g} from {one.codes} normal codes"
    if one.bucket is None or one.flips is None:
        return told
    where = {-1: "none near", 0: "its own"}.get(one.flips, f"{one.flips} bits away")
    return f"{told}, bucket {one.bucket:x} ({where})"
