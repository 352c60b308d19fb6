"""Pictures of what was found: score curves, annotated frames, and sheets of them."""

from oddframe.draw.annotate import annotate, annotate_event
from oddframe.draw.curves import plot_timelines
from oddframe.draw.heat import heat, overlay
from oddframe.draw.joined import plot_joined
from oddframe.draw.marks import Gauge
from oddframe.draw.roc import plot_roc
from oddframe.draw.sheet import Highlight, contact_sheet, hero
from oddframe.draw.stretches import Truth

__all__ = [
    "Gauge",
    "Highlight",
    "Truth",
    "annotate",
    "annotate_event",
    "contact_sheet",
    "heat",
    "hero",
    "overlay",
    "plot_joined",
    "plot_roc",
    "plot_timelines",
]
