"""Explanations of scores: what an observation was compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from oddframe.engine.correct import Stretch, observations_at, scores_of
from oddframe.engine.journal import Box
from oddframe.engine.recalled import RecalledTimes
from oddframe.errors import SettingsError
from oddframe.models.base import Model
from oddframe.models.explaining import Comparison, Explaining, Explanation, Neighbour
from oddframe.models.source import ObservationSource
from oddframe.types import Json, Observations, Run, VideoId, VideoInfo, clock
from oddframe.video.base import ASSUMED_FPS

SLACK = 1e-6
"""Seconds by which times that are rounded may differ."""

_MORE = 16  # times as many moments are asked for, because most neighbours are the same thing a frame later


@dataclass(frozen=True, slots=True)
class Explained:
    """The explanation of the score of the most anomalous observation in a frame.

    Args:
        video, frame, seconds: where it was seen.
        box: x0 y0 x1 y1 in pixels.
        explanation: what the model compared it with.
        threshold: of the detector's frame scores; None where there is none.
        within: it would score no higher than the threshold within this distance of something normal; None where there
            is no threshold.
        times: when the frames of the videos were that the detector learnt from, where that is known.
    """

    video: VideoId
    frame: int
    seconds: float
    box: Box
    explanation: Explanation
    threshold: float | None
    within: float | None
    times: Mapping[VideoId, RecalledTimes] = field(default_factory=dict)

    def nearest(self, count: int = 3) -> list[Neighbour]:
        """The nearest normal moments of all comparisons; of those of one event, only the nearest."""
        return apart(self.explanation.nearest, self.times, count)

    def seconds_of(self, moment: Neighbour) -> float | None:
        """When a normal moment was, in its own video."""
        return self.times[moment.video].seconds(moment.frame) if moment.video in self.times else None

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON values."""
        return {
            "frame": self.frame,
            "seconds": self.seconds,
            "box": self.box,
            "score": self.explanation.score,
            "distance": self.explanation.distance,
            "unit": self.explanation.unit,
            "threshold": self.threshold,
            "within": self.within,
            "nearest": [self._moment(moment) for moment in self.nearest()],
            "comparisons": [self._comparison(one) for one in self.explanation.comparisons],
        }

    def in_words(self) -> list[str]:
        """Say it in words, one line each: the score, what is normal, the nearest normal moments, each comparison."""
        found = self.explanation
        away = f"{found.distance:.3g} {found.unit} away"
        lines = [f"at {clock(self.seconds)}, box {_edges(self.box)}: score {found.score:.3g}, {away}"]
        if self.within is not None:
            lines.append(f"normal if within {self.within:.3g}")
        lines += [f"near {self._moment_in_words(moment)}" for moment in self.nearest()]
        return lines + [_comparison_in_words(one) for one in found.comparisons]

    def with_times(self, times: Mapping[VideoId, RecalledTimes], nearest: int) -> Explained:
        """The same with moments that are told apart, at most so many a comparison."""
        thin = [replace(one, nearest=tuple(apart(one.nearest, times, nearest))) for one in self.explanation.comparisons]
        return replace(self, times=times, explanation=replace(self.explanation, comparisons=tuple(thin)))

    def _comparison(self, one: Comparison) -> dict[str, Json]:
        return {**asdict(replace(one, nearest=())), "nearest": [self._moment(moment) for moment in one.nearest]}

    def _moment_in_words(self, moment: Neighbour) -> str:
        seconds = self.seconds_of(moment)
        when = f"frame {moment.frame}" if seconds is None else clock(seconds)
        return f"{moment.distance:.3g}: {moment.video} at {when}, box {_edges(moment.box)}"

    def _moment(self, moment: Neighbour) -> dict[str, Json]:
        return {**asdict(moment), "seconds": self.seconds_of(moment)}


def _edges(box: Sequence[float]) -> str:
    return " ".join(f"{edge:.0f}" for edge in box)


def _comparison_in_words(one: Comparison) -> str:
    told = f"{one.part}: {one.distance:.3g} from {one.codes} normal codes"
    if one.bucket is None or one.flips is None:
        return told
    where = {-1: "none near", 0: "its own"}.get(one.flips, f"{one.flips} bits away")
    return f"{told}, bucket {one.bucket:x} ({where})"


def apart(near: Sequence[Neighbour], times: Mapping[VideoId, RecalledTimes], count: int) -> list[Neighbour]:
    """The first `count`, leaving out those within a second of one before them in the same video."""
    kept: list[Neighbour] = []
    for moment in near:
        clock = times.get(moment.video, RecalledTimes(ASSUMED_FPS))
        now = clock.seconds(moment.frame)
        if not any(one.video == moment.video and abs(clock.seconds(one.frame) - now) < 1 - SLACK for one in kept):
            kept.append(moment)
        if len(kept) == count:
            break
    return kept


def explain(
    model: Model,
    source: ObservationSource,
    stretch: Stretch,
    threshold: float | None,
    run: Run = Run(),
    *,
    nearest: int,
) -> Explained | None:
    """Explain the most anomalous observation in the first frame of a stretch.

    Returns:
        The explanation; None where nothing is seen there.

    Raises:
        SettingsError: the model cannot explain.
    """
    if not isinstance(model, Explaining):
        raise SettingsError(f"model {model.name!r} cannot explain its scores; choose another")
    seen = observations_at(source, stretch.info, stretch.first)
    if not len(seen):
        return None
    highest = int(np.argmax(scores_of(model, stretch.info, seen, run)))
    one = seen.select(slice(highest, highest + 1))
    return explain_one(model, one, stretch.info, stretch.first, threshold, nearest=nearest)


def explain_one(
    model: Explaining, one: Observations, info: VideoInfo, frame: int, threshold: float | None, *, nearest: int
) -> Explained:
    """Explain one observation, with data, of what is seen in a frame."""
    (found,) = model.explain(one, nearest * _MORE)
    x0, y0, x1, y1 = one.box[0].astype(np.float64).tolist()
    return Explained(
        video=info.id,
        frame=frame,
        seconds=info.seconds(frame),
        box=(x0, y0, x1, y1),
        explanation=found,
        threshold=threshold,
        within=None if threshold is None else model.distance_at(threshold),
    )
