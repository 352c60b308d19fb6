"""What discovery is for: of the five oddest moments of a rendered walkway without labels, at least four are odd."""

from __future__ import annotations

from pathlib import Path

from oddframe.engine.discover import discover
from oddframe.walkway import Painter, SyntheticClip, Walkway

ROUND = (("cyclist", "loiterer"), ("runner", "dropped object"), ("loiterer", "runner"), ("cyclist", "dropped object"))
SEED = 7000
"""Of the first clip: far from the standard splits, and the first that was tried."""


def test_four_of_the_five_oddest_moments_are_odd(tmp_path: Path) -> None:
    """A quarter of all frames is odd, so five drawn at random would hold four with a chance of 2 %."""
    painter = Painter(Walkway(width=160, height=120, fps=10, seconds=12, people=4))
    kinds: list[tuple[str, ...]] = [(), (), (), (), *ROUND]
    pile = [SyntheticClip(painter, SEED + n, odd, f"clip-{n:02}") for n, odd in enumerate(kinds)]
    labels = {clip.info.id: clip.labels for clip in pile}
    found = discover(pile, "knn", cache=tmp_path)
    assert sum(bool(labels[moment.video][moment.event.peak]) for moment in found.moments[:5]) >= 4
