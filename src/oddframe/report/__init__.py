"""The report as a page: one HTML file that needs nothing else, for any number of videos (docs/report.md)."""

from oddframe.report.filmstrip import Filmed, Filmstrip, cut, whole
from oddframe.report.gather import video_part
from oddframe.report.moments import moments_of
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
    "Shot",
    "Thumbnail",
    "VideoPart",
    "cut",
    "moments_of",
    "render",
    "video_part",
    "whole",
    "with_near",
]
