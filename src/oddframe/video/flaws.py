"""What is wrong with a video, gathered while it is read and said once at the end."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from oddframe.errors import DamagedVideo

MOST = 3
"""Places that are named of one kind of flaw; the others are counted."""


@dataclass(slots=True)
class Flaws:
    """Everything that went wrong in one pass over a video, by kind: no flaw hides another.

    Args:
        damage: what was wrong -> the first frame near it.
        sizes: the changes of size, in words.
        clock: where the timestamps are wrong, in words; "" where they are not.
    """

    damage: dict[str, int] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)
    clock: str = ""

    def note(self, frame: int, why: str) -> None:
        """Something is wrong near this frame."""
        self.damage.setdefault(why, frame)

    def resized(self, frame: int, seconds: float, before: tuple[int, int], after: tuple[int, int]) -> None:
        """From this frame on, stored pictures have another width and height."""
        one, other = (f"{width} x {height}" for width, height in (before, after))
        self.sizes.append(f"from {one} to {other} at frame {frame} ({seconds:.1f} s)")

    def warn(self, source: str, frames: int) -> None:
        """Warn with `DamagedVideo` where anything was wrong.

        Args:
            source: what was read.
            frames: how many frames could be read.
        """
        told = []
        if self.sizes:
            more = len(self.sizes) - MOST
            rest = f" and {more} more times" if more > 0 else ""
            told.append(f"its size changes {', '.join(self.sizes[:MOST])}{rest}: all frames are brought to the first")
        if self.clock:
            told.append(f"{self.clock}: its times go on from there at the usual rate")
        if self.damage:
            kinds = ", ".join(f"at frame {frame} ({why})" for why, frame in self.damage.items())
            told.append(f"damaged {kinds}")
        if told:
            warnings.warn(DamagedVideo(f"{source}: {'; '.join(told)}; {frames} frames could be read"), stacklevel=3)
