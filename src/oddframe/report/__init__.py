"""Pictures of what was found: score curves, annotated frames, sheets of them. `write_image` keeps them."""

from oddframe.report.annotate import annotate, annotate_event
from oddframe.report.curves import plot_timelines
from oddframe.report.dropped import plot_dropped
from oddframe.report.gauge import Gauge
from oddframe.report.heat import heat, overlay
from oddframe.report.hero import Moment, hero
from oddframe.report.joined import plot_joined
from oddframe.report.roc import plot_roc
from oddframe.report.sheet import contact_sheet
from oddframe.report.stretches import Truth

__all__ = [
    "Gauge",
    "Moment",
    "Truth",
    "annotate",
    "annotate_event",
    "contact_sheet",
    "heat",
    "hero",
    "overlay",
    "plot_dropped",
    "plot_joined",
    "plot_roc",
    "plot_timelines",
]
