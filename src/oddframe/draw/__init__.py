"""Pictures of what was found: score curves, annotated frames, sheets of them. `write_image` keeps them."""

from oddframe.draw.annotate import annotate, annotate_event
from oddframe.draw.curves import plot_timelines
from oddframe.draw.heat import heat, overlay
from oddframe.draw.hero import Highlight, hero
from oddframe.draw.joined import plot_joined
from oddframe.draw.marks import Gauge
from oddframe.draw.roc import plot_roc
from oddframe.draw.sheet import contact_sheet
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
