"""Seconds as people read them, and where a time axis has its ticks."""

from __future__ import annotations

import math

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200)
"""Seconds from tick to tick; beyond the last, days."""
DAY = 86400
CLOCK_FROM = 120
"""Seconds; what lasts longer is told in clock times."""


def clock(seconds: float, decimals: int = 1) -> str:
    """A time stamp.

    >>> clock(7.25), clock(72.5), clock(3725, 0)
    ('0:07.2', '1:12.5', '1:02:05')
    """
    units = round(seconds * 10**decimals)
    whole, fraction = divmod(units, 10**decimals)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest:02}" + (f".{fraction:0{decimals}}" if decimals else "")


def ticks(length: float, most: int = 10) -> tuple[list[float], list[str]]:
    """Where a time axis of `length` seconds has its ticks, at most `most` after 0, and what they say.

    Up to two minutes they count seconds, the last with its unit; beyond that they are clock times.

    >>> ticks(18.0)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0], ['0', '2', '4', '6', '8', '10', '12', '14', '16', '18 s'])
    >>> ticks(600.0, most=2)
    ([0.0, 300.0, 600.0], ['0:00', '5:00', '10:00'])
    """
    step = next((step for step in STEPS if length <= step * most), DAY * math.ceil(length / DAY / most))
    places = [number * step for number in range(int(length / step + 1e-6) + 1)]
    if length > CLOCK_FROM:
        return [float(place) for place in places], [clock(place, 0) for place in places]
    decimals = max(0, -math.floor(math.log10(step)))
    words = [f"{place:.{decimals}f}" for place in places]
    return [float(place) for place in places], [*words[:-1], f"{words[-1]} s"]


def duration(seconds: float) -> str:
    """How long something lasts.

    >>> duration(0.04), duration(18.04), duration(725.0)
    ('0.04 s', '18.0 s', '12:05')
    """
    if seconds > CLOCK_FROM:
        return clock(seconds, 0)
    return f"{seconds:.1f} s" if seconds >= 1 or seconds == 0 else f"{seconds:.2f} s"
