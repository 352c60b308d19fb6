"""Where something is that is worth a look: boxes of what moves, and of what a detector knows."""

from oddframe.observers.foreground.base import Foreground, ForegroundStream
from oddframe.observers.foreground.flow_threshold import FlowThreshold
from oddframe.observers.foreground.motion import Motion

__all__ = ["FlowThreshold", "Foreground", "ForegroundStream", "Motion"]
