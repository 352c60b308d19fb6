"""From detectors and a data set to figures that say how they came about."""

from oddframe.bench.figures import Figure, Figures
from oddframe.bench.protocol import PROTOCOLS, Protocol, protocol
from oddframe.bench.results import Results, Row
from oddframe.bench.runner import Bench, Outcome

__all__ = [
    "PROTOCOLS",
    "Bench",
    "Figure",
    "Figures",
    "Outcome",
    "Protocol",
    "Results",
    "Row",
    "protocol",
]
