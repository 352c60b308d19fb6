"""Everything about scoring that can be chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from oddframe.errors import SettingsError
from oddframe.scoring.smoothing import Smoothing
from oddframe.types import Configured


@dataclass(frozen=True)
class Scoring(Configured):
    """How scored observations become frame scores, a threshold and events.

    Args:
        smoothing: of frame scores in time.
        edges: what frames that no window is about get: the "nearest" judged frame's score, or "zero".
        alarm_rate: the share of normal frames that may lie above the threshold, between 0 and 1.
        false_alarms_per_hour: how many events an hour of normal video may give; None = the alarm rate decides.
        hysteresis: an event lasts while scores are above a lower threshold, this share of the way down from the
            threshold to a typical normal score (the median); 0 = it ends where it passes the threshold again.
        merge: seconds; shorter gaps between events are bridged.
        shortest: seconds; shorter events are dropped.

    Raises:
        SettingsError: a value out of range.
    """

    smoothing: Smoothing = field(default_factory=Smoothing)
    edges: Literal["nearest", "zero"] = "nearest"
    alarm_rate: float = 0.01
    false_alarms_per_hour: float | None = None
    hysteresis: float = 0.5
    merge: float = 0.5
    shortest: float = 0.2

    name: ClassVar[str] = "scoring"

    def __post_init__(self) -> None:
        if self.edges not in ("nearest", "zero"):
            raise SettingsError(f"edges {self.edges!r}: choose nearest or zero")
        if not 0 < self.alarm_rate < 1:
            raise SettingsError(f"alarm_rate {self.alarm_rate}: give a share between 0 and 1")
        if self.false_alarms_per_hour is not None and not 0 < self.false_alarms_per_hour < math.inf:
            raise SettingsError(f"false_alarms_per_hour {self.false_alarms_per_hour}: give a number over 0")
        if not 0 <= self.hysteresis <= 1:
            raise SettingsError(f"hysteresis {self.hysteresis}: give a share from 0 to 1")
        if not (self.merge >= 0 and self.shortest >= 0):
            raise SettingsError(f"merge {self.merge}, shortest {self.shortest}: give seconds, 0 or more")

    def low(self, threshold: float, typical: float) -> float:
        """The lower threshold that goes with a threshold, and rises with it; never above it.

        >>> Scoring(hysteresis=0.25).low(threshold=3.0, typical=1.0)
        2.5
        """
        down = threshold - self.hysteresis * max(threshold - typical, 0.0)
        return min(float(np.float32(down)), threshold)
