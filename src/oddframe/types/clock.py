"""How a time is written and read: the one format of the command line, the report, pictures and tables."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_READ = re.compile(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)


def clock(seconds: float, decimals: int = 1) -> str:
    """Write a time as `m:ss.d`, from one hour on as `h:mm:ss.d`.

    Halves are rounded up, in the same arithmetic as the script of the report does it, so that both show the same.

    Args:
        seconds: from the beginning of the video, >= 0.
        decimals: digits after the point, >= 0.

    Returns:
        The text, which `read_clock` reads back.

    >>> clock(7.25), clock(59.96), clock(3725.26), clock(3725, 0)
    ('0:07.3', '1:00.0', '1:02:05.3', '1:02:05')
    """
    unit = 10**decimals
    whole, fraction = divmod(math.floor(seconds * unit + 0.5), unit)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest:02}" + (f".{fraction:0{decimals}}" if decimals else "")


def read_clock(text: str) -> Fraction:
    """Read a time written as seconds (`72.5`), `m:ss` (`1:12.5`) or `h:mm:ss` (`0:01:12.5`).

    Args:
        text: the time.

    Returns:
        Exact seconds, >= 0.

    Raises:
        ValueError: the text is no time, or minutes or seconds after a colon are not below 60.

    >>> read_clock("72.5") == read_clock("1:12.5") == read_clock("0:01:12.5")
    True
    """
    given = _READ.fullmatch(text)
    if given is None:
        raise ValueError(f"{text}: write a time as 64.5, 1:04.5 or 1:02:05")
    hours, minutes, seconds = int(given[1] or 0), int(given[2] or 0), Fraction(given[3])
    if (given[1] and minutes >= 60) or (given[2] and seconds >= 60):
        raise ValueError(f"{text}: minutes and seconds after a colon are below 60")
    return 3600 * hours + 60 * minutes + seconds


def duration(seconds: float) -> str:
    """Write how long something lasts: seconds below a minute, a clock time from then on.

    Args:
        seconds: >= 0.

    >>> duration(0.04), duration(18.04), duration(59.96), duration(3725.0)
    ('0.04 s', '18.0 s', '1:00', '1:02:05')
    """
    if seconds >= 59.95:
        return clock(seconds, 0)
    return f"{seconds:.1f} s" if seconds >= 1 or seconds == 0 else f"{seconds:.2f} s"
