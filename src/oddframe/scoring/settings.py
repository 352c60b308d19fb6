"""Everything about scoring that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

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
        merge: seconds; shorter gaps between events are bridged.
        shortest: seconds; shorter events are dropped.

    Raises:
        SettingsError: a value out of range.
    """

    smoothing: Smoothing = field(default_factory=Smoothing)
    edges: Literal["nearest", "zero"] = "nearest"
    alarm_rate: float = 0.01
    merge: float = 0.5
    shortest: float = 0.2

    name: ClassVar[str] = "scoring"

    def __post_init__(self) -> None:
        if self.edges not in ("nearest", "zero"):
            raise SettingsError(f"edges {self.edges!r}: choose nearest or zero")
        if not 0 < self.alarm_rate < 1:
            raise SettingsError(f"alarm_rate {self.alarm_rate}: give a share between 0 and 1")
        if not (self.merge >= 0 and self.shortest >= 0):
            raise SettingsError(f"merge {self.merge}, shortest {self.shortest}: give seconds, 0 or more")
