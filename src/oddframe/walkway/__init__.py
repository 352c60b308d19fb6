"""The walkway: a rendered benchmark with exact ground truth, which simple rules cannot solve."""

from oddframe.walkway.benchmark import Split, benchmark
from oddframe.walkway.clip import EventBox, SyntheticClip, render, simulate
from oddframe.walkway.incidents import KINDS, KINDS_BY_LOOKS
from oddframe.walkway.painter import Painter
from oddframe.walkway.rules import rule_scores
from oddframe.walkway.scene import Walkway

__all__ = [
    "KINDS",
    "KINDS_BY_LOOKS",
    "EventBox",
    "Painter",
    "Split",
    "SyntheticClip",
    "Walkway",
    "benchmark",
    "render",
    "rule_scores",
    "simulate",
]
