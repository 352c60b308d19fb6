"""Figures of localisation and of alarms, which depend on a detector but on no protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oddframe.bench.figures import Figure
from oddframe.bench.truth import Truth
from oddframe.engine.score import Judged
from oddframe.errors import DataError
from oddframe.metrics import DetectedRegions, operating_point, rbdc, tbdc
from oddframe.types import Timeline


@dataclass(frozen=True, slots=True)
class Regions:
    """RBDC and TBDC of the scored boxes, neither smoothed nor normalised.

    Where whole frames were scored, the boxes are the hot spots of their anomaly maps, with the values of the maps.
    """

    rbdc: Figure
    tbdc: Figure


@dataclass(frozen=True, slots=True)
class Alarms:
    """What the detector's own threshold, from held-out normal video, does on the test videos.

    An alarm is an event as scoring makes it: with hysteresis, short gaps bridged, and long enough.

    Args:
        threshold: None where the detector has none; then all other figures are None.
        false_per_hour, mean_delay: of events, else as in `oddframe.metrics.OperatingPoint`.
        false_positive_rate, recall, precision: of frames over the threshold, as there.
        missed, stretches: anomalous stretches that no event reaches into, and all of them.
        why: the reason why there are no figures; "" where there are.
    """

    threshold: float | None = None
    false_per_hour: float | None = None
    false_positive_rate: float | None = None
    recall: float | None = None
    precision: float | None = None
    mean_delay: float | None = None
    missed: int | None = None
    stretches: int | None = None
    why: str = ""


def regions_of(judged: Sequence[Judged], truth: Truth) -> Regions:
    """Compute RBDC and, where the true regions have tracks, TBDC.

    Args:
        judged: the scored observations of the test videos.
        truth: of the same videos, in the same order.
    """
    if truth.regions is None:
        none = Figure(None, why="the data set publishes neither masks nor boxes of all test videos")
        return Regions(none, none)
    detected = [_detected(one) for one in judged]
    try:
        found = Figure(rbdc(truth.regions, detected))
    except DataError as error:
        undefined = Figure(None, why=str(error))
        return Regions(undefined, undefined)
    if not truth.tracked:
        return Regions(found, Figure(None, why="the data set publishes masks, but no tracks of them"))
    return Regions(found, Figure(tbdc(truth.regions, detected)))


def alarms_of(timelines: Sequence[Timeline], truth: Truth, threshold: float | None) -> Alarms:
    """Compute false alarms, delays and misses of the detector's own scoring at its own threshold.

    Args:
        timelines: of the test videos, with their events.
        truth: which of their frames are anomalous.
        threshold: the one that made the events; None where the detector has none.
    """
    if threshold is None:
        return Alarms(why="the detector has no threshold: no normal video was held out, or too little")
    scores = [np.where(timeline.valid, timeline.scores, -np.inf) for timeline in timelines]
    clocks = [timeline.info.frame_times() for timeline in timelines]
    events = [[(event.start, event.end) for event in timeline.events] for timeline in timelines]
    try:
        point = operating_point(scores, truth.labels, threshold, clocks, alarms=events)
    except DataError as error:
        return Alarms(threshold, why=str(error))
    return Alarms(
        threshold=threshold,
        false_per_hour=point.false_alarms_per_hour,
        false_positive_rate=point.false_positive_rate,
        recall=point.recall,
        precision=point.precision,
        mean_delay=point.mean_delay,
        missed=point.missed,
        stretches=len(point.delays),
    )


def _detected(judged: Judged) -> DetectedRegions:
    seen, found = judged.scored.observations, judged.scored.hot_spots
    if found is not None:  # where a whole frame was judged, its map says where
        return DetectedRegions(seen.frame[found.row], found.box.astype(np.float64), found.score.astype(np.float64))
    return DetectedRegions(seen.frame, seen.box.astype(np.float64), judged.scored.score.astype(np.float64))
