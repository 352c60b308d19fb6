"""Times and boxes as people write them."""

from __future__ import annotations

import math

from oddframe.errors import SettingsError


def clock(seconds: float) -> str:
    """Seconds as people write times.

    >>> clock(3725.26)
    '1:02:05.3'
    """
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def read_time(option: str, text: str) -> float:
    """Seconds, from seconds or from what `clock` writes.

    >>> [read_time("--to", text) for text in ("64.5", "1:04.5", "1:02:05")]
    [64.5, 64.5, 3725.0]

    Raises:
        SettingsError: anything else; the message names the option.
    """
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(math.isfinite(part) and part >= 0 for part in parts):
        raise SettingsError(f"{option} {text}: write a time as 64.5, 1:04.5 or 1:02:05")
    if any(part >= 60 for part in parts[1:]):
        raise SettingsError(f"{option} {text}: minutes and seconds after a colon are below 60")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def read_box(text: str) -> tuple[float, float, float, float]:
    """Four numbers between commas.

    Raises:
        SettingsError: anything else.

    >>> read_box("10,20,30,40")
    (10.0, 20.0, 30.0, 40.0)
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"--box {text}: write x0,y0,x1,y1 in pixels") from error
    return x0, y0, x1, y1
