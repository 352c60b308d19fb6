"""How much a file may ask for before it is refused: a small file can claim to be huge."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from oddframe.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single file may take; whatever asks for more is refused before memory is allocated.

    Args:
        pixels: of one picture, width times height.
        array: bytes of one array that is unpacked into memory.
        frames: of a recording that a text or an array describes, without pictures.

    Raises:
        SettingsError: a limit under 1.

    >>> Limits.parse(["pixels=2e8"]).pixels
    200000000
    """

    pixels: int = 100_000_000
    array: int = 1 << 30
    frames: int = 20_000_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            if getattr(self, limit.name) < 1:
                raise SettingsError(f"limit {limit.name}: give 1 or more, not {getattr(self, limit.name)}")

    @classmethod
    def parse(cls, given: list[str]) -> Self:
        """Limits from words such as `pixels=2e8`; the others keep their defaults.

        Raises:
            SettingsError: an unknown name, or no number.
        """
        names = [limit.name for limit in fields(cls)]
        found: dict[str, int] = {}
        for words in given:
            name, _, value = words.partition("=")
            if name not in names:
                raise SettingsError(f"limit {words!r}: there are {', '.join(f'{known}=NUMBER' for known in names)}")
            try:
                found[name] = int(float(value))
            except (ValueError, OverflowError):
                raise SettingsError(f"limit {words!r}: {value!r} is no number") from None
        return cls(**found)

    def over(self, name: str) -> str:
        """The end of a message: which limit, and how it is raised."""
        return f"over the limit of {getattr(self, name):,} {UNITS[name]}; if it is right, raise limit {name}"


UNITS = {"pixels": "pixels", "array": "bytes", "frames": "frames"}
"""Limit -> what it counts."""
