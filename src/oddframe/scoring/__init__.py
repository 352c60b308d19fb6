"""From scored observations to frame scores and events."""

from oddframe.scoring.calibration import Calibration, conservative_quantile
from oddframe.scoring.events import find_events
from oddframe.scoring.reasons import Reasons, as_codes, as_runs
from oddframe.scoring.settings import Scoring
from oddframe.scoring.smoothing import CausalStream, Smoothing
from oddframe.scoring.timeline import make_timeline
from oddframe.scoring.to_frames import FrameScores, covering_max, frame_scores, untouched

__all__ = [
    "Calibration",
    "CausalStream",
    "FrameScores",
    "Reasons",
    "Scoring",
    "Smoothing",
    "as_codes",
    "as_runs",
    "conservative_quantile",
    "covering_max",
    "find_events",
    "frame_scores",
    "make_timeline",
    "untouched",
]
