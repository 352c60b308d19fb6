"""What held-out normal video says about how high a normal score can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from oddframe.errors import StoreError
from oddframe.scoring.false_alarms import FalseAlarms, false_alarms, threshold_for
from oddframe.scoring.normal import NormalScores, required
from oddframe.scoring.settings import Scoring
from oddframe.types import Json, Timeline


@dataclass(frozen=True, slots=True)
class Calibration:
    """The scale of a detector's frame scores.

    Args:
        floor: the score of a frame with nothing in it: the smallest score of a held-out observation.
        threshold: scores above it make events; None where too little video was held out to know one.
        alarm_rate: the share of normal frames that may lie above the threshold, where no rate of events was asked for.
        normal_frames: how many held-out frames the threshold stands on.
        normal_seconds: how long they last.
        enough: whether they sufficed for what was asked; if not, the threshold is their highest score, or a guess.
        map_level: what is higher in a map stands out; None where the model gives no maps.
        low: events last while scores are above it; None where there is no threshold.
        alarms: how many events an hour of normal video to expect; None where there is no threshold.
        normal: what was held out; None where nothing was, or where an earlier version saved the detector.
    """

    floor: float
    threshold: float | None
    alarm_rate: float
    normal_frames: int
    normal_seconds: float
    enough: bool
    map_level: float | None = None
    low: float | None = None
    alarms: FalseAlarms | None = None
    normal: NormalScores | None = field(default=None, repr=False)

    @classmethod
    def measure(
        cls,
        timelines: Sequence[Timeline],
        floor: float,
        scoring: Scoring,
        *,
        map_level: float | None = None,
        ceiling: float = math.inf,
    ) -> Calibration:
        """Calibrate on held-out normal video, scored without a threshold; no scorable frames give none.

        `ceiling` is what no score of the model is ever above.
        """
        normal = NormalScores.measure(timelines, scoring, ceiling)
        bare = cls(floor, None, scoring.alarm_rate, 0, 0.0, enough=False, map_level=map_level, normal=normal)
        return bare if normal is None else bare.at(scoring)

    def at(self, scoring: Scoring) -> Calibration:
        """The same held-out video, calibrated for another rate; all else in `scoring` must be as it was.

        Raises:
            SettingsError: no held-out video is known.
        """
        normal = required(self.normal)
        if scoring.false_alarms_per_hour is None:
            threshold, enough = normal.frames.quantile(scoring.alarm_rate)
            alarms = false_alarms(normal.events, threshold)
        else:
            threshold, alarms = threshold_for(normal.events, scoring.false_alarms_per_hour)
            enough = alarms.doubt is None
        return replace(
            self,
            threshold=threshold,
            alarm_rate=scoring.alarm_rate,
            normal_frames=normal.frames.frames,
            normal_seconds=3600 * normal.events.hours,
            enough=enough,
            low=scoring.low(threshold, normal.frames.typical),
            alarms=alarms,
        )

    @property
    def doubt(self) -> str | None:
        """Why there is too little held-out video for what was asked; None where there is enough, or no threshold."""
        if self.threshold is None or self.enough:
            return None
        if self.alarms is not None and self.alarms.asked is not None:
            return self.alarms.doubt
        return (
            f"only {self.normal_seconds:.0f} s of normal video were held out, too little for a threshold at an alarm"
            f" rate of {self.alarm_rate:.1%}: the threshold is their highest score"
        )

    def to_json(self) -> dict[str, Json]:
        """The fields as JSON values, but for `normal`, which is a matter of arrays."""
        told: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "normal"}
        return told | {"alarms": None if self.alarms is None else self.alarms.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], normal: NormalScores | None = None) -> Calibration:
        """The inverse of `to_json`; fields that an earlier version did not know may be missing.

        Raises:
            StoreError: fields are missing, unknown, or not numbers.
        """
        try:
            alarms = None if values.get("alarms") is None else FalseAlarms.from_json(values["alarms"])
            made = cls(**{**values, "alarms": alarms, "normal": normal})
            numbers = [made.floor, made.alarm_rate, made.normal_seconds, made.normal_frames]
            numbers += [one for one in (made.threshold, made.map_level, made.low) if one is not None]
            if all(isinstance(number, int | float) and not math.isnan(number) for number in numbers):
                return made
        except (TypeError, AttributeError):
            pass
        raise StoreError(f"not a calibration: {str(values)[:200]}; fit and save the detector again")
