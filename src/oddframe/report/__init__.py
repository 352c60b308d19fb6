"""What people read: the report as one HTML file (docs/report.md), event files, discovery files.

`oddframe.report` is imported when it is first used: `odd.report.write_report(detector, videos, folder)`.
"""

from oddframe.report.discovery_files import Pile, write_discovery
from oddframe.report.event_files import write_events
from oddframe.report.filmstrip import Filmed, Filmstrip, cut, whole
from oddframe.report.gather import moments_of, video_part
from oddframe.report.near import with_near
from oddframe.report.parts import (
    Compared,
    Facts,
    MomentPart,
    NormalMoment,
    Page,
    Picture,
    Shot,
    Thumbnail,
    VideoPart,
)
from oddframe.report.render import FIXED, render
from oddframe.report.write import write_report

__all__ = [
    "FIXED",
    "Compared",
    "Facts",
    "Filmed",
    "Filmstrip",
    "MomentPart",
    "NormalMoment",
    "Page",
    "Picture",
    "Pile",
    "Shot",
    "Thumbnail",
    "VideoPart",
    "cut",
    "moments_of",
    "render",
    "video_part",
    "whole",
    "with_near",
    "write_discovery",
    "write_events",
    "write_report",
]
