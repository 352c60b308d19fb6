"""The report as a page: one HTML file that needs nothing else, for any number of videos (docs/report.md)."""

from oddframe.report.page.filmstrip import Filmed, Filmstrip
from oddframe.report.page.gather import video_part
from oddframe.report.page.moments import moments_of
from oddframe.report.page.near import with_near
from oddframe.report.page.parts import (
    Compared,
    Facts,
    Moment,
    Near,
    Page,
    Picture,
    Shot,
    Thumbnail,
    VideoPart,
)
from oddframe.report.page.pictures import cut, whole
from oddframe.report.page.render import FIXED, render

__all__ = [
    "FIXED",
    "Compared",
    "Facts",
    "Filmed",
    "Filmstrip",
    "Moment",
    "Near",
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
