"""Runs the line from video to decision: fit, score, save."""

from oddframe.cache.cache import ObservationCache
from oddframe.engine.detector import Detector
from oddframe.engine.observe import Sieve, Watching, WatchStream
from oddframe.engine.sources import CachedSource

__all__ = ["CachedSource", "Detector", "ObservationCache", "Sieve", "WatchStream", "Watching"]
