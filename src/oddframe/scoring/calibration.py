"""What held-out normal video says about how high a normal score can be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from oddframe.errors import StoreError
from oddframe.types import FloatArray, Json


@dataclass(frozen=True, slots=True)
class Calibration:
    """The scale of a detector's frame scores.

    Args:
        floor: the score of a frame with nothing in it: the smallest score of a held-out observation.
        threshold: scores above it make events; None where too little video was held out to know one.
        alarm_rate: the share of normal frames that may lie above the threshold.
        normal_frames: how many held-out frames the threshold stands on.
        normal_seconds: how long they last.
        enough: whether they sufficed for that alarm rate; if not, the threshold is their highest score.
        map_level: what is higher in a map stands out; None where the model gives no maps.
    """

    floor: float
    threshold: float | None
    alarm_rate: float
    normal_frames: int
    normal_seconds: float
    enough: bool
    map_level: float | None = None

    @classmethod
    def measure(
        cls,
        held_out: FloatArray,
        floor: float,
        alarm_rate: float,
        seconds: float,
        *,
        map_level: float | None = None,
    ) -> Calibration:
        """Calibrate on the smoothed scores (n,) of held-out normal frames; no frames give no threshold."""
        threshold, enough = conservative_quantile(held_out, alarm_rate) if len(held_out) else (None, False)
        return cls(floor, threshold, alarm_rate, len(held_out), seconds, enough, map_level)

    def to_json(self) -> dict[str, Json]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Json]) -> Calibration:
        """The inverse of `to_json`.

        Raises:
            StoreError: fields are missing, unknown, or not numbers.
        """
        try:
            made = cls(**fields)  # type: ignore[arg-type]
            numbers = [made.floor, made.alarm_rate, made.normal_seconds, made.normal_frames]
            numbers += [made.threshold or 0.0, made.map_level or 0.0]
            if all(isinstance(number, int | float) for number in numbers):
                return made
        except TypeError:
            pass
        raise StoreError(f"not a calibration: {dict(fields)}; fit and save the detector again")


def conservative_quantile(normal: FloatArray, alarm_rate: float) -> tuple[float, bool]:
    """The score that one more normal frame exceeds with a chance of at most `alarm_rate`; and whether n suffices.

    It is the order statistic number ceil((n + 1)(1 - alarm_rate)), which holds for any exchangeable scores and any n
    (split conformal prediction). Neighbouring frames are alike, so for frames it is a good guide and no guarantee. If
    n is too small for the rate, it is the highest score.

    >>> conservative_quantile(np.arange(1, 100, dtype=np.float32), 0.01)
    (99.0, True)
    """
    # The small term keeps 0.99 * 100, which is 99.00000000000001 or so in binary, from becoming 100.
    rank = math.ceil((len(normal) + 1) * (1 - alarm_rate) - 1e-9)
    ordered = np.sort(normal)
    return float(ordered[min(max(rank, 1), len(ordered)) - 1]), rank <= len(ordered)
