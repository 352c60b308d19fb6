"""Detectors and a data set in; figures out, each with all that is needed to reproduce it.

`oddframe.bench` is imported when it is first used: `odd.bench.run_bench("ped2", ["llsh", "knn"])`.
"""

from oddframe.bench.figures import Figure, Figures
from oddframe.bench.protocol import PROTOCOLS, Protocol, protocol
from oddframe.bench.results import Results, Row
from oddframe.bench.runner import Bench, Outcome
from oddframe.bench.whole import run_bench, write_results

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
    "run_bench",
    "write_results",
]
