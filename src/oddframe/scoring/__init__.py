"""From scored observations to frame scores and events."""

from oddframe.scoring.calibration import Calibration, conservative_quantile
from oddframe.scoring.events import find_events
from oddframe.scoring.map_regions import MapUse, find_regions, map_level, map_peaks
from oddframe.scoring.reasons import Reasons, as_codes, as_runs
from oddframe.scoring.settings import Scoring
from oddframe.scoring.smoothing import CausalStream, Smoothing
from oddframe.scoring.timeline import make_timeline
from oddframe.scoring.to_frames import FrameScores, covering_max, frame_scores, untouched

__all__ = [
    "Calibration",
    "CausalStream",
    "FrameScores",
    "MapUse",
    "Reasons",
    "Scoring",
    "Smoothing",
    "as_codes",
    "as_runs",
    "conservative_quantile",
    "covering_max",
    "find_events",
    "find_regions",
    "frame_scores",
    "make_timeline",
    "map_level",
    "map_peaks",
    "untouched",
]
