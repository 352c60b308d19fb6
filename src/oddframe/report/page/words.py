"""Numbers as a reader of a report wants them."""

from __future__ import annotations

from oddframe.report.clock import clock

__all__ = ["chance", "clock", "lasting", "number"]


def number(value: float) -> str:
    """Three digits that mean something.

    >>> number(2.34567), number(-0.0123456), number(1234.5)
    ('2.35', '-0.0123', '1234')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def chance(p_value: float) -> str:
    """A p-value, rounded up: it must not look smaller than it is.

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


def lasting(seconds: float) -> str:
    """How long something lasts.

    >>> lasting(0.4), lasting(72.46), lasting(3725.0)
    ('0.4 s', '1:12', '1:02:05')
    """
    return f"{seconds:.1f} s" if seconds < 59.95 else clock(seconds, 0)
