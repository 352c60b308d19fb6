"""One way of writing times, which is read back: the command line, the report, pictures and tables agree."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.types import clock, duration, read_clock

SECONDS = st.floats(0, 10_000_000) | st.integers(0, 720_000).map(lambda hundredths: hundredths / 100)


@given(SECONDS, st.integers(0, 3))
def test_what_is_written_is_read_back_to_its_precision(seconds: float, decimals: int) -> None:
    read = read_clock(clock(seconds, decimals))
    assert abs(read - Fraction(seconds)) <= Fraction(1, 2 * 10**decimals) + Fraction(1, 10**8)
    assert clock(float(read), decimals) == clock(seconds, decimals)


@given(SECONDS, st.integers(0, 3))
def test_no_part_after_a_colon_reaches_sixty(seconds: float, decimals: int) -> None:
    _, *parts = clock(seconds, decimals).split(":")
    assert parts
    assert all(re.fullmatch(r"[0-5]\d(\.\d+)?", part) for part in parts)


@given(SECONDS, SECONDS)
def test_a_later_time_is_never_written_as_an_earlier_one(one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert read_clock(clock(early)) <= read_clock(clock(late))


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0:00.0"),
        (0.05, "0:00.1"),
        (59.94, "0:59.9"),
        (59.95, "1:00.0"),
        (3599.96, "1:00:00.0"),
        (86400, "24:00:00.0"),
    ],
)
def test_halves_are_rounded_up_and_carried(seconds: float, written: str) -> None:
    assert clock(seconds) == written


@pytest.mark.parametrize("text", ["64.5", "1:4.5", "1:04.5", "0:01:04.500"])
def test_a_time_is_read_exactly(text: str) -> None:
    assert read_clock(text) == Fraction(129, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1:60",
        "0:60:00",
        "1:2:3:4",
        "x",
        "1e3",
        "nan",
        "inf",
        "1:x",
        " 1",
        "1:-2",
        "\u0661",
        "9" * 5000,
        "1\n",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a time as|are below 60"):
        read_clock(text)


@given(SECONDS)
def test_a_duration_is_in_seconds_or_a_clock_time(seconds: float) -> None:
    written = duration(seconds)
    assert (written.endswith(" s") and float(written[:-2]) < 60) or read_clock(written) >= 60
