r"""Text that a stranger may have written, made safe for a terminal, a table or a document.

Names of files and metadata may hold anything: sequences that a terminal obeys, bytes that are no text, marks that turn
the direction of writing around, and what a spreadsheet takes for a formula.
"""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNPRINTABLE_IN_LINES = re.compile(_UNPRINTABLE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula in a spreadsheet: the last four are the wide forms of the first four."""


def printable(text: str, *, lines: bool = False) -> str:
    r"""Text with every character that is not to be seen written as an escape.

    Args:
        text: anything.
        lines: whether line breaks stay.

    >>> print(printable("gate\x1b[2J\nnorth\u202e.mp4"), printable("caf\udce9"))
    gate\x1b[2J\nnorth\u202e.mp4 caf\xe9
    """
    return (_UNPRINTABLE_IN_LINES if lines else _UNPRINTABLE).sub(_escaped, text)


def cell(value: object) -> object:
    r"""A value for a table that a spreadsheet may open: text is printable, and no formula.

    >>> cell("=HYPERLINK(0)"), cell("-dash.mp4"), cell(-1.5), cell("a\nb")
    ("'=HYPERLINK(0)", "'-dash.mp4", -1.5, 'a\\nb')
    """
    if not isinstance(value, str):
        return value
    return ("'" if value.lstrip(" ").startswith(_FORMULA) else "") + printable(value)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    if found.group() == "\n":
        return "\\n"
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte of a name that is no text
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
