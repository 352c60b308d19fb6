"""Text from strangers cannot steer a terminal, and no cell of a table is a formula."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.cli.terminal import Terminal
from oddframe.text import cell, printable

ANY = st.text(st.characters(codec=None) | st.characters(categories=["Cs", "Cc", "Cf"]))


@given(ANY)
def test_printable_text_is_seen_and_can_be_written(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [c for c in shown if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI")]
    assert printable(shown) == shown


@given(ANY)
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    plain = "".join(c for c in text if c.isprintable())
    assert printable(plain) == plain
    assert printable(f"{plain}\n", lines=True) == f"{plain}\n"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", " =", "\uff1d", "\uff0d"])
def test_no_cell_is_a_formula(begins: str) -> None:
    text = io.StringIO()
    csv.writer(text).writerow([cell(f"{begins}cmd|' /C calc'!A0"), cell(-1.5), cell(None)])
    (row,) = csv.reader(io.StringIO(text.getvalue()))
    assert row[0].startswith("'")
    assert row[1:] == ["-1.5", ""]


@pytest.mark.parametrize("markup", [True, False])
def test_a_terminal_shows_escapes_and_keeps_its_own(markup: bool) -> None:
    file = io.StringIO()
    console = Terminal(file=file, force_terminal=True, color_system="standard", width=200, highlight=False)
    console.print("[red]own[/]", markup=True)
    console.print("a\x1b]0;title\x07b\x9b2J \udcff", markup=markup)
    own, shown = file.getvalue().splitlines()
    assert own == "\x1b[31mown\x1b[0m"
    assert shown == "a\\x1b]0;title\\x07b\\x9b2J \\xff"
