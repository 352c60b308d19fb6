"""From scored observations to frame scores and events."""

from oddframe.scoring.calibration import Calibration
from oddframe.scoring.events import EventPeaks, event_bounds, find_events
from oddframe.scoring.false_alarms import FalseAlarms, GeneralisedPareto, duration, false_alarms, rate, threshold_for
from oddframe.scoring.maps import MapScale, MapUse, anomaly_map, find_hot_spots, frame_map, map_level, map_peaks
from oddframe.scoring.normal import FrameSample, NormalScores, required
from oddframe.scoring.reasons import Reasons, as_codes, as_runs, spoils
from oddframe.scoring.settings import Scoring
from oddframe.scoring.smoothing import CausalStream, Smoothing
from oddframe.scoring.timeline import make_timeline
from oddframe.scoring.to_frames import FrameScores, covering_max, frame_scores, untouched

__all__ = [
    "Calibration",
    "CausalStream",
    "EventPeaks",
    "FalseAlarms",
    "FrameSample",
    "FrameScores",
    "GeneralisedPareto",
    "MapScale",
    "MapUse",
    "NormalScores",
    "Reasons",
    "Scoring",
    "Smoothing",
    "anomaly_map",
    "as_codes",
    "as_runs",
    "covering_max",
    "duration",
    "event_bounds",
    "false_alarms",
    "find_events",
    "find_hot_spots",
    "frame_map",
    "frame_scores",
    "make_timeline",
    "map_level",
    "map_peaks",
    "rate",
    "required",
    "spoils",
    "threshold_for",
    "untouched",
]
