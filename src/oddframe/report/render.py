"""A report as one HTML file with everything in it that it needs, and its numbers as readers want them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from oddframe.draw.heat import colours
from oddframe.report.parts import Page, VideoPart
from oddframe.text import printable
from oddframe.types import Json, clock, duration

if TYPE_CHECKING:
    from jinja2 import Environment


FIXED = 5_000_000
"""Bytes of a report without videos: plotly's script, styles, and our own script."""


def render(page: Page) -> str:
    """Render a report as HTML.

    Every name in it is escaped, and a content policy in it forbids every request.

    Args:
        page: what it shows.

    Returns:
        The text of the file.
    """
    from markupsafe import Markup  # noqa: PLC0415  slow to import, and few need it
    from plotly.offline import get_plotlyjs  # noqa: PLC0415

    folder = files(__package__) / "templates"
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page,
            data=_data(page),
            style=Markup((folder / "style.css").read_text("utf-8")),
            script=Markup("\n".join((folder / name).read_text("utf-8") for name in ("chart.js", "page.js"))),
            plotly=Markup(get_plotlyjs()),
            scale=scale_stops(),
            order=sorted(range(len(page.videos)), key=lambda number: -page.videos[number].top_score),
            sparks=[spark(video, score_range(page.videos)) for video in page.videos],
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    assert __package__
    made = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({each.__name__: each for each in (chance, clock, duration, number)})
    return made


def _shown(value: object) -> object:
    """What a template prints: text without the marks that would turn the direction of what stands after it."""
    return printable(value) if type(value) is str else value  # markup is a subclass of str, and ours


def _data(page: Page) -> Json:
    """What the script draws: curves and thumbnails."""
    videos: list[Json] = [
        {
            "name": video.name,
            "events": video.events,
            **video.curve,
            "frames": [one.frame for one in video.strip],
            "thumbnails": [one.picture.uri for one in video.strip],
        }
        for video in page.videos
    ]
    return {"videos": videos, "range": list(score_range(page.videos))}


def score_range(videos: Sequence[VideoPart]) -> tuple[float, float]:
    """Return the lowest and the highest score of all videos, with some room: their charts share one axis."""
    curves: list[Json] = [video.curve["s"] for video in videos]
    scores = [float(s) for one in curves if isinstance(one, list) for s in one if isinstance(s, int | float)]
    scores += [float(t) for video in videos if isinstance(t := video.curve["threshold"], int | float)]
    low, high = (min(scores), max(scores)) if scores else (0.0, 1.0)
    room = 0.06 * (high - low) or max(0.5, 0.06 * abs(high))  # of huge scores, half a unit is nothing
    return low - room, high + room


def spark(video: VideoPart, scale: tuple[float, float], columns: int = 100) -> str:
    """Return a score curve as the points of an SVG line.

    Args:
        video: whose curve it is.
        scale: the scores at the foot and at the top of the box.
        columns: points at most, about.

    Returns:
        "x,y x,y ..." in a box of 100 x 20; "" where nothing was scored.
    """
    scores: Json = video.curve["s"]
    values = np.array([np.nan if s is None else s for s in scores] if isinstance(scores, list) else [], np.float64)
    if not np.isfinite(values).any():
        return ""
    edges = np.unique(np.linspace(0, len(values) - 1, columns + 1).astype(np.int64))
    tops = np.fmax.reduceat(values, edges)
    level = 20 - 20 * (tops - scale[0]) / (scale[1] - scale[0])
    return " ".join(
        f"{100 * edge / max(len(values) - 1, 1):.1f},{y:.1f}"
        for edge, y in zip(edges.tolist(), level.tolist(), strict=True)
        if np.isfinite(y)
    )


def scale_stops(count: int = 8) -> str:
    """Return the colours of maps, from the threshold to the top, as `count` stops of a CSS gradient."""
    shades = colours(np.linspace(0.5, 1, count, dtype=np.float32))
    return ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in shades.tolist())


def number(value: float) -> str:
    """Write a number with three significant digits.

    >>> number(2.34567), number(-0.0123456), number(1234.5)
    ('2.35', '-0.0123', '1234')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def chance(p_value: float) -> str:
    """Write a p-value, rounded up, so that it never looks smaller than it is.

    >>> chance(0.00412), chance(1.0), chance(0.0000003)
    ('0.0042', '1', '0.0001 or less')
    """
    if p_value <= 0.0001:
        return "0.0001 or less"
    digits = 2 if p_value < 0.1 else 1
    step = 10.0 ** -(digits - 1 - _magnitude(p_value))
    return f"{min(-(-p_value // step) * step, 1.0):.6g}"


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])
