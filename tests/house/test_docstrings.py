"""Public docstrings say what is taken, given back and raised; how many do is printed room by room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.borders import MAY_IMPORT
from tests.house.docstrings import public

PACKAGE = ROOT / "src" / "oddframe"

FINISHED = ("models", "index", "training")
"""Rooms in which every public docstring is whole."""

SHARE = 0.5
"""The share of whole docstrings over all rooms; it only rises."""


@pytest.mark.parametrize("room", FINISHED)
def test_docstrings_of_finished_rooms_are_whole(room: str) -> None:
    assert not {one.where: one.lacks() for one in public(PACKAGE, room) if one.lacks()}


def test_the_share_of_whole_docstrings_does_not_fall(capsys: pytest.CaptureFixture[str]) -> None:
    rooms = [room for room in MAY_IMPORT if room and room != "__main__"]
    found = {room: public(PACKAGE, room) for room in rooms if list(PACKAGE.glob(room + "*"))}
    counts = {room: (sum(not one.lacks() for one in some), len(some)) for room, some in found.items() if some}
    done, total = (sum(column) for column in zip(*counts.values(), strict=True))
    with capsys.disabled():
        print(f"\n{done} of {total} public docstrings are whole:", *(f"{r} {n}/{m}" for r, (n, m) in counts.items()))
    assert done >= SHARE * total


@pytest.mark.parametrize(
    ("function", "lacks"),
    [
        ('def f(a, b):\n    """Do."""', ["Args: a, b"]),
        ('def f(a, b):\n    """Do.\n\n    Args:\n        a: one.\n    """', ["Args: b"]),
        ('def f(a, *, b):\n    """Do.\n\n    Args:\n        a, b: two.\n    """', []),
        ('def f(a):\n    """Do something with it."""', []),
        ('def f(a) -> int:\n    """Count them."""', ["Returns"]),
        ('def f(a) -> int:\n    """Count them.\n\n    Returns:\n        How many.\n    """', []),
        ('def f(a) -> int:\n    """How many there are."""', []),
        ('def f(a) -> Tensor:\n    """(N,) lengths of (N, 2) vectors."""', []),
        ('def f(a) -> Iterator[int]:\n    """Go through them.\n\n    Yields:\n        One by one.\n    """', []),
        ('def f(a):\n    """Do."""\n    raise DataError("no")', ["Raises: DataError"]),
        ('def f(a):\n    """Do.\n\n    Raises:\n        DataError: no.\n    """\n    raise DataError("no")', []),
        ('class A:\n    def f(self, a, b) -> int:\n        """Do."""', ["Args: a, b", "Returns"]),
        ('class A:\n    @property\n    def f(self) -> int:\n        """Cells a side."""', []),
        ('class A:\n    def f(self) -> Self:\n        """Settle."""', []),
        ('class A:\n    @classmethod\n    def f(cls) -> Self:\n        """Settle."""', ["Returns"]),
    ],
)
def test_what_a_docstring_lacks_is_found(tmp_path: Path, function: str, lacks: list[str]) -> None:
    (tmp_path / "room.py").write_text(function + "\n")
    (found,) = public(tmp_path, "room")
    assert found.lacks() == lacks


@pytest.mark.parametrize("function", ['def _f(a, b) -> int:\n    """Do."""', "def f(a, b) -> int: ..."])
def test_private_and_overriding_functions_are_left_alone(tmp_path: Path, function: str) -> None:
    (tmp_path / "room.py").write_text(function + "\n")
    assert public(tmp_path, "room") == []
