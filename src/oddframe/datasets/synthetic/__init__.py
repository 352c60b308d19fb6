"""The walkway: a rendered benchmark with exact truth, in which nothing simple gives the answer away."""

from oddframe.datasets.synthetic.benchmark import Split, benchmark
from oddframe.datasets.synthetic.clip import EventBox, SyntheticClip, render, simulate
from oddframe.datasets.synthetic.incidents import KINDS
from oddframe.datasets.synthetic.pacing import KINDS_BY_LOOKS
from oddframe.datasets.synthetic.painter import Painter
from oddframe.datasets.synthetic.rules import rule_scores
from oddframe.datasets.synthetic.scene import Walkway

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
